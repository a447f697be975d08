//! A byte range of a stream as a stream of its own: MPEG audio inside a WAV file.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

pub(super) struct Window {
    inner: Box<dyn MediaSource>,
    start: u64,
    len: u64,
    position: u64,
}

impl Window {
    pub(super) fn new(mut inner: Box<dyn MediaSource>, start: u64, len: u64) -> io::Result<Self> {
        inner.seek(SeekFrom::Start(start))?;
        Ok(Self { inner, start, len, position: 0 })
    }
}

impl Read for Window {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let wanted = bytes.len().min(left);
        let got = self.inner.read(&mut bytes[..wanted])?;
        self.position += got as u64;
        Ok(got)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "position outside of the stream");
        let target = target.ok_or_else(outside)?;
        self.inner.seek(SeekFrom::Start(self.start.checked_add(target).ok_or_else(outside)?))?;
        self.position = target;
        Ok(target)
    }
}

impl MediaSource for Window {
    fn is_seekable(&self) -> bool {
        self.inner.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
