//! Odd WAV, RF64 and AIFF files by lot: chunks of every kind in every order, sizes that are wrong, padding left out, junk
//! behind the end.

use crate::support::Chance;

/// What is odd about a file's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sizes {
    Right,
    /// The form's size was never filled in.
    FormZero,
    /// A recorder that writes into a pipe.
    Streamed(u32),
    /// The form's size leaves out its last chunk.
    FormShort,
    /// The samples' size promises more than there is.
    DataLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Riff,
    Rifx,
    Rf64,
    Bw64,
    Aiff,
    Aifc,
}

impl Kind {
    pub(crate) fn big_endian(self) -> bool {
        matches!(self, Self::Rifx | Self::Aiff | Self::Aifc)
    }

    pub(crate) fn is_aiff(self) -> bool {
        matches!(self, Self::Aiff | Self::Aifc)
    }
}

/// A file, and what lies behind its form.
pub(crate) struct Odd {
    pub(crate) kind: Kind,
    pub(crate) sizes: Sizes,
    pub(crate) bytes: Vec<u8>,
    pub(crate) junk: Vec<u8>,
    /// Where the form ends by its own account.
    pub(crate) form_end: usize,
    /// Every chunk has its padding, and all sizes are right.
    pub(crate) clean: bool,
}

fn word(kind: Kind, value: u32) -> [u8; 4] {
    if kind.big_endian() { value.to_be_bytes() } else { value.to_le_bytes() }
}

fn half(kind: Kind, value: u16) -> [u8; 2] {
    if kind.big_endian() { value.to_be_bytes() } else { value.to_le_bytes() }
}

fn format_chunk(kind: Kind, chance: &mut Chance, bits: u16, samples: u32) -> ([u8; 4], Vec<u8>) {
    if kind.is_aiff() {
        let mut comm = 1u16.to_be_bytes().to_vec();
        comm.extend(samples.to_be_bytes());
        comm.extend(bits.to_be_bytes());
        // 44,100 as an extended float.
        comm.extend([0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]);
        if kind == Kind::Aifc {
            comm.extend(b"NONE\x0enot compressed\0");
        }
        return (*b"COMM", comm);
    }
    let mut fmt = half(kind, 1).to_vec();
    fmt.extend(half(kind, 1));
    fmt.extend(word(kind, 44_100));
    fmt.extend(word(kind, 44_100 * u32::from(bits / 8)));
    fmt.extend(half(kind, bits / 8));
    fmt.extend(half(kind, bits));
    if chance.one_in(3) {
        fmt.extend(half(kind, 0));
    }
    (*b"fmt ", fmt)
}

fn info(kind: Kind, chance: &mut Chance) -> Vec<u8> {
    let mut list = b"INFO".to_vec();
    for id in [b"ISFT", b"INAM", b"IGNR", b"ICMT", b"IXYZ"] {
        if chance.one_in(2) {
            let length = chance.below(9);
            let text: Vec<u8> = (0..length).map(|_| b'a' + chance.below(26) as u8).chain([0]).collect();
            list.extend(id);
            list.extend(word(kind, text.len() as u32));
            list.extend(&text);
            if text.len() % 2 == 1 {
                list.push(0);
            }
        }
    }
    list
}

fn ixml(chance: &mut Chance) -> Vec<u8> {
    let mut document = Vec::new();
    if chance.one_in(2) {
        document.extend(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n");
    }
    document.extend(b"<BWFXML>\n\t<IXML_VERSION>1.61</IXML_VERSION>\n\t<NOTE>");
    document.extend(match chance.below(3) {
        0 => "T\u{fc}r \u{1f6aa} &amp; Tor".as_bytes().to_vec(),
        1 => b"T\xfcr in Latin-1".to_vec(),
        _ => b"plain".to_vec(),
    });
    document.extend(b"</NOTE>\n");
    match chance.below(4) {
        0 => document.extend(b"\t<USER>\n\t\t<CATID>AIRBlow</CATID>\n\t\t<MIC>x</MIC>\n\t</USER>\n"),
        1 => document.extend(b"\t<USER/>\n\t<ASWG><catId>AIRBlow</catId><fxName/></ASWG>\n"),
        2 => document.extend(b"\t<SPEED><NOTE>n</NOTE></SPEED>\n"),
        _ => {}
    }
    document.extend(b"</BWFXML>");
    document.extend(vec![0; chance.below(4)]);
    document
}

fn id3(chance: &mut Chance) -> Vec<u8> {
    let mut frames = Vec::new();
    if chance.one_in(2) {
        frames.extend(b"TXXX\0\0\0\x0e\0\0\0CATID\0AIRBlow");
    }
    frames.extend(b"PRIV\0\0\0\x04\0\0a\0\xff\xe0");
    frames.extend(vec![0; chance.below(40)]);
    let mut tag = b"ID3\x03\0\0\0\0\0".to_vec();
    tag.push(frames.len() as u8);
    tag.extend(frames);
    tag
}

/// The chunks of a file, in order.
fn chunks(kind: Kind, chance: &mut Chance, streamed: bool) -> Vec<([u8; 4], Vec<u8>)> {
    let bits = if chance.one_in(3) { 8 } else { 16 };
    let samples = 200 + chance.below(400);
    let data: Vec<u8> = chance.bytes(samples * usize::from(bits / 8));
    let mut chunks = Vec::new();
    let odd = |chance: &mut Chance| {
        let id = [b'a' + chance.below(26) as u8, b'X', b'0' + chance.below(10) as u8, b' '];
        let length = chance.below(50);
        (id, chance.bytes(length))
    };
    let described = |chance: &mut Chance, chunks: &mut Vec<([u8; 4], Vec<u8>)>| {
        if !kind.is_aiff() && chance.one_in(2) {
            let mut bext = vec![0; 602];
            bext[..4].copy_from_slice(b"Desc");
            let length = chance.below(30);
            bext.extend((0..length).map(|_| b'h'));
            chunks.push((*b"bext", bext));
        }
        for _ in 0..chance.below(3) {
            chunks.push((*b"LIST", info(kind, chance)));
        }
        if chance.one_in(3) {
            chunks.push((*b"LIST", b"adtllabl\x06\0\0\0\x01\0\0\0a\0".to_vec()));
        }
        if chance.one_in(2) {
            chunks.push((*b"iXML", ixml(chance)));
        }
        if chance.one_in(4) {
            chunks.push((if kind.is_aiff() { *b"ID3 " } else { *b"id3 " }, id3(chance)));
        }
    };
    if chance.one_in(3) {
        let length = 28 + chance.below(9);
        chunks.push((*b"JUNK", vec![0; length]));
    }
    if chance.one_in(2) {
        described(chance, &mut chunks);
    }
    chunks.push(format_chunk(kind, chance, bits, samples as u32));
    for _ in 0..chance.below(3) {
        chunks.push(odd(chance));
    }
    if chance.one_in(3) {
        let length = 1 + chance.below(80);
        chunks.push((*b"PAD ", vec![0; length]));
    }
    let mut content = if kind.is_aiff() { vec![0; 8] } else { Vec::new() };
    content.extend(data);
    chunks.push((if kind.is_aiff() { *b"SSND" } else { *b"data" }, content));
    // Behind samples of unknown length nothing can be told from them.
    if !streamed {
        if chance.one_in(2) {
            described(chance, &mut chunks);
        }
        for _ in 0..chance.below(3) {
            chunks.push(odd(chance));
        }
    }
    chunks
}

const RECOGNISED: [&[u8; 4]; 9] =
    [b"data", b"fmt ", b"LIST", b"bext", b"iXML", b"id3 ", b"JUNK", b"SSND", b"COMM"];

pub(crate) fn odd_file(chance: &mut Chance) -> Odd {
    let kind =
        [Kind::Riff, Kind::Riff, Kind::Riff, Kind::Rifx, Kind::Rf64, Kind::Bw64, Kind::Aiff, Kind::Aifc]
            [chance.below(8)];
    let sizes = match (kind, chance.below(10)) {
        (Kind::Riff, 0) => Sizes::FormZero,
        (Kind::Riff, 1) => Sizes::Streamed([0, u32::MAX, 0x7fff_ffff, 0x8000_0000][chance.below(4)]),
        (Kind::Riff | Kind::Aiff, 2) => Sizes::FormShort,
        (Kind::Riff, 3) => Sizes::DataLong,
        _ => Sizes::Right,
    };
    let open_ended = matches!(sizes, Sizes::Streamed(_) | Sizes::DataLong);
    let chunks = chunks(kind, chance, open_ended);
    let forgets_padding = !open_ended && chance.one_in(5);
    let mut clean = sizes == Sizes::Right;
    let (form, form_id): (&[u8], &[u8; 4]) = match kind {
        Kind::Riff => (b"WAVE", b"RIFF"),
        Kind::Rifx => (b"WAVE", b"RIFX"),
        Kind::Rf64 => (b"WAVE", b"RF64"),
        Kind::Bw64 => (b"WAVE", b"BW64"),
        Kind::Aiff => (b"AIFF", b"FORM"),
        Kind::Aifc => (b"AIFC", b"FORM"),
    };
    let wide = matches!(kind, Kind::Rf64 | Kind::Bw64);
    let mut bytes = form_id.to_vec();
    bytes.extend([0; 4]);
    bytes.extend(form);
    if wide {
        bytes.extend(b"ds64\x1c\0\0\0");
        bytes.extend([0; 28]);
    }
    let mut last_start = bytes.len();
    for (at, (id, content)) in chunks.iter().enumerate() {
        last_start = bytes.len();
        let size = match sizes {
            Sizes::Streamed(size) if id == b"data" => size,
            Sizes::DataLong if id == b"data" => content.len() as u32 + 1000,
            _ if wide && id == b"data" => u32::MAX,
            _ => content.len() as u32,
        };
        if wide && id == b"data" {
            bytes[28..36].copy_from_slice(&(content.len() as u64).to_le_bytes());
        }
        bytes.extend(id);
        bytes.extend(word(kind, size));
        bytes.extend(content);
        if content.len() % 2 == 1 && !open_ended {
            let next = chunks.get(at + 1).map(|(id, _)| id);
            let may_forget = next.is_none_or(|next| RECOGNISED.contains(&next));
            if forgets_padding && may_forget && chance.one_in(2) {
                clean = false;
            } else {
                bytes.push(0);
            }
        }
    }
    let right = bytes.len() as u32 - 8;
    match sizes {
        Sizes::FormZero => {}
        Sizes::Streamed(size) => bytes[4..8].copy_from_slice(&size.to_le_bytes()),
        Sizes::FormShort => {
            bytes[4..8].copy_from_slice(&word(kind, last_start as u32 - 8));
        }
        Sizes::Right | Sizes::DataLong if wide => {
            bytes[4..8].fill(0xff);
            bytes[20..28].copy_from_slice(&u64::from(right).to_le_bytes());
        }
        Sizes::Right | Sizes::DataLong => bytes[4..8].copy_from_slice(&word(kind, right)),
    }
    let mut junk = Vec::new();
    if clean && chance.one_in(4) {
        junk = b"TAG".to_vec();
        let length = 60 + chance.below(70);
        junk.extend(chance.bytes(length));
    }
    bytes.extend(&junk);
    // A size that leaves the samples out cannot be meant.
    let short =
        sizes == Sizes::FormShort && chunks.last().is_some_and(|(id, _)| id != b"data" && id != b"SSND");
    let form_end = if short { last_start } else { bytes.len() };
    Odd { kind, sizes, bytes, junk, form_end, clean }
}
