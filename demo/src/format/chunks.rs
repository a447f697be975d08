//! Metadata in a neutral form, and the RIFF chunks made of it.

/// Metadata to write into a file. Each container carries what it can.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunks {
    /// Broadcast Wave extension (RIFF, RF64, Wave64).
    pub bext: Option<Bext>,
    /// An iXML document (RIFF, RF64, AIFF).
    pub ixml: Option<String>,
    /// RIFF INFO entries, such as `(*b"INAM", title)`. AIFF, CAF and FLAC translate title (`INAM`), artist
    /// (`IART`), comment (`ICMT`), genre (`IGNR`) and keywords (`IKEY`) into their own.
    pub info: Vec<([u8; 4], String)>,
}

impl Chunks {
    /// The INFO entry with that identifier.
    pub fn info_entry(&self, id: &[u8; 4]) -> Option<&str> {
        self.info.iter().find(|(key, _)| key == id).map(|(_, value)| value.as_str())
    }
}

/// The Broadcast Wave extension (EBU Tech 3285 v2 §2.3). Texts longer than their field are cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bext {
    /// At most 256 bytes.
    pub description: String,
    /// At most 32 bytes.
    pub originator: String,
    /// At most 32 bytes.
    pub originator_reference: String,
    /// `yyyy-mm-dd`.
    pub origination_date: String,
    /// `hh:mm:ss`.
    pub origination_time: String,
    /// Samples since midnight at the first sample.
    pub time_reference_samples: u64,
    /// Free text after the fixed fields.
    pub coding_history: String,
}

impl Bext {
    /// The chunk's content: 602 bytes and the coding history.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(602 + self.coding_history.len());
        for (text, width) in [
            (&self.description, 256),
            (&self.originator, 32),
            (&self.originator_reference, 32),
            (&self.origination_date, 10),
            (&self.origination_time, 8),
        ] {
            let end = bytes.len() + width;
            bytes.extend(text.bytes().take(width));
            bytes.resize(end, 0);
        }
        bytes.extend(self.time_reference_samples.to_le_bytes());
        bytes.extend(1_u16.to_le_bytes());
        // No UMID, no loudness values, reserved bytes.
        bytes.resize(602, 0);
        bytes.extend(self.coding_history.bytes());
        bytes
    }
}

/// The content of a RIFF `LIST` chunk of type `INFO`.
pub(crate) fn info_list(info: &[([u8; 4], String)]) -> Vec<u8> {
    let mut bytes = b"INFO".to_vec();
    for (id, text) in info {
        let mut content = text.clone().into_bytes();
        content.push(0);
        push_riff(&mut bytes, id, &content);
    }
    bytes
}

/// Appends a chunk with little-endian size, padded to an even length.
pub(crate) fn push_riff(bytes: &mut Vec<u8>, id: &[u8; 4], content: &[u8]) {
    bytes.extend(id);
    bytes.extend(size_32(content.len()).to_le_bytes());
    push_even(bytes, content);
}

/// Appends a chunk with big-endian size, padded to an even length.
pub(crate) fn push_iff(bytes: &mut Vec<u8>, id: &[u8; 4], content: &[u8]) {
    bytes.extend(id);
    bytes.extend(size_32(content.len()).to_be_bytes());
    push_even(bytes, content);
}

/// A size as the 32-bit formats have it; the largest value says that it does not fit.
pub(crate) fn size_32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn push_even(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend(content);
    if !content.len().is_multiple_of(2) {
        bytes.push(0);
    }
}
