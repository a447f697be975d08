//! The clipboard's text. Opened when first needed: on X11 it is a connection and a thread of its own.

use copypasta::{ClipboardContext, ClipboardProvider as _};

/// The clipboard.
#[derive(Default)]
pub(super) struct Clipboard {
    context: Option<ClipboardContext>,
}

impl Clipboard {
    /// What is on it, if it is text.
    pub(super) fn get(&mut self) -> Option<String> {
        let text = self.context()?.get_contents();
        text.inspect_err(|error| tracing::debug!("nothing to paste: {error}")).ok()
    }

    /// Puts a text on it.
    pub(super) fn set(&mut self, text: String) {
        if let Some(context) = self.context()
            && let Err(error) = context.set_contents(text)
        {
            tracing::warn!("copying failed: {error}");
        }
    }

    fn context(&mut self) -> Option<&mut ClipboardContext> {
        if self.context.is_none() {
            let context = ClipboardContext::new();
            self.context = context.inspect_err(|error| tracing::warn!("there is no clipboard: {error}")).ok();
        }
        self.context.as_mut()
    }
}
