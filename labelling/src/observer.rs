//! Who is told how the work goes.

/// Is told how far the work is.
pub trait Observer {
    /// So many sounds will be looked at.
    fn planned(&mut self, sounds: usize);
    /// So many of them were, in all.
    fn done(&mut self, sounds: usize);
}

/// Does not care.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Observer for Quiet {
    fn planned(&mut self, _: usize) {}
    fn done(&mut self, _: usize) {}
}
