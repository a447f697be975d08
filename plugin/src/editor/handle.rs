//! The editor as the framework sees it: opened into a host's window, resized, closed.

use std::error::Error;
use std::sync::Arc;

use baseview::dpi::{NativeSize as WindowNativeSize, Size};
use baseview::gl::GlConfig;
use baseview::host::{Host, HostCallbacks, HostMainThreadCaller};
use baseview::{HandlerError, Window, WindowSettings, WindowSize};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{EditorHandle, HostMethods, SizeConstraints, SpawnedEditor};
use nice_plug::prelude::{Editor, Modifiers, ParentWindowHandle, ResizeHint, VirtualKeyCode};

use super::input::{translate_host_key, translate_host_modifiers};
use super::shared::{LARGEST, Shared};
use super::window::EditorWindow;
use crate::exchange::Exchange;
use crate::parameters::Parameters;

/// The editor of an instance.
pub struct EarmarkEditor {
    shared: Arc<Shared>,
}

/// The editor of an instance.
pub fn create(exchange: Arc<Exchange>, parameters: Arc<Parameters>) -> Option<EarmarkEditor> {
    Some(EarmarkEditor { shared: Arc::new(Shared::new(exchange, parameters)) })
}

impl Editor for EarmarkEditor {
    type Handle = EarmarkHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<EarmarkHandle>, Box<dyn Error>> {
        let shared = Arc::clone(&self.shared);
        let size = Size::Physical(shared.physical_size());
        let settings = WindowSettings::new()
            .with_title("Earmark")
            .with_size(if cfg!(target_os = "macos") { Size::Logical(shared.logical_size()) } else { size })
            .with_min_size::<Size>(Size::Logical(shared.smallest()))
            .with_max_size::<Size>(Size::Logical(LARGEST))
            .with_resizable(true)
            .with_wait_for_parent(wait_for_parent)
            .with_fallback_scale_factor(fallback_scale_factor)
            .with_parent(parent.as_ref())
            .with_gl_config(GlConfig { depth_bits: 0, stencil_bits: 0, srgb: false, ..GlConfig::default() });
        shared.set_gui(Some(gui_context));
        let in_window = Arc::clone(&shared);
        let window = Window::create_with_host(
            settings,
            move |context| EditorWindow::new(context, in_window),
            host.map(adapt),
        );
        match window {
            Ok(window) => {
                let handle = EarmarkHandle { shared: Arc::clone(&shared), waker: window.waker() };
                Ok(SpawnedEditor { handle, window: EarmarkWindow { window: Some(window), shared } })
            }
            Err(error) => {
                shared.set_gui(None);
                Err(error.into())
            }
        }
    }

    fn size(&self) -> NativeSize<u32> {
        NativeSize::from_size(self.shared.logical_size().into(), self.shared.scale())
    }

    fn resize_hint(&self) -> ResizeHint {
        resize_hint(&self.shared)
    }
}

/// Any size between the smallest and 4K.
fn resize_hint(shared: &Shared) -> ResizeHint {
    let (smallest, largest) = (shared.smallest().cast(), LARGEST.cast());
    ResizeHint::resizable().with_size_constraints(SizeConstraints::logical(Some(smallest), Some(largest)))
}

/// An open editor.
pub struct EarmarkHandle {
    shared: Arc<Shared>,
    waker: baseview::WindowWaker,
}

/// An open window.
pub struct EarmarkWindow {
    /// `None` only while it is dropped.
    window: Option<Window>,
    shared: Arc<Shared>,
}

impl EarmarkWindow {
    /// Its size and the system's scale; `None` once it has closed.
    pub fn size(&self) -> Option<WindowSize> {
        self.window.as_ref().map(Window::size)
    }

    fn with(&self, act: impl FnOnce(&Window) -> Result<(), baseview::Error>) -> Result<(), baseview::Error> {
        self.window.as_ref().map_or(Ok(()), act)
    }
}

impl Drop for EarmarkWindow {
    fn drop(&mut self) {
        // On X11 baseview tells its thread to end but may not wait for it, and a host is free to unload the plugin's
        // code as soon as the editor is closed.
        drop(self.window.take());
        self.shared.presence.wait_until_left();
    }
}

impl EarmarkHandle {
    fn repaint(&self) {
        self.shared.request_repaint();
        self.waker.request_poll();
    }
}

impl EditorHandle for EarmarkHandle {
    type Window = EarmarkWindow;
    type Error = baseview::Error;

    fn run_until_closed(mut window: EarmarkWindow) -> Result<(), baseview::Error> {
        window.window.take().map_or(Ok(()), Window::run_until_closed)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &EarmarkWindow) -> Result<(), baseview::Error> {
        window.with(|window| window.set_parent(&parent))
    }

    fn show(&self, window: &EarmarkWindow) -> Result<(), baseview::Error> {
        let shown = window.with(Window::show);
        self.repaint();
        shown
    }

    fn hide(&self, window: &EarmarkWindow) -> Result<(), baseview::Error> {
        window.with(Window::hide)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &EarmarkWindow) -> Result<(), baseview::Error> {
        window.with(|window| window.resize(WindowNativeSize::new(size.width, size.height)))
    }

    fn host_main_thread_callback(&self, window: &EarmarkWindow) {
        if let Some(window) = &window.window {
            window.host_main_thread_callback();
        }
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &EarmarkWindow) -> Option<NativeSize<u32>> {
        let now = window.size()?;
        let current = NativeSize::from_logical_or_physical(now.logical, now.physical);
        Some(resize_hint(&self.shared).adjust_size(size, current, now.scale_factor))
    }

    fn set_fallback_scale_factor(&self, scale: f64, window: &EarmarkWindow) -> Result<(), baseview::Error> {
        window.with(|window| window.suggest_fallback_scale_factor(scale))
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        // Hosts take keys such as the space bar for themselves unless a text is being typed.
        let Some(key) = translate_host_key(key).filter(|_| self.shared.is_typing()) else { return false };
        self.shared.push_host_key((key, is_down, translate_host_modifiers(modifiers)));
        self.waker.request_poll();
        true
    }

    fn state_changed(&self) {
        self.repaint();
    }

    fn param_value_changed(&self, _id: &str, _normalized_value: f32) {
        self.repaint();
    }

    fn param_modulation_changed(&self, _id: &str, _modulation_offset: f32) {}
}

impl Drop for EarmarkHandle {
    fn drop(&mut self) {
        // The context keeps the whole plugin alive.
        self.shared.set_gui(None);
    }
}

/// The framework's callbacks as baseview wants them; the two declare the same traits apart from each other.
fn adapt(host: HostMethods) -> Host {
    struct Callbacks(Box<dyn nice_plug::editor::HostCallbacks>);
    impl HostCallbacks for Callbacks {
        fn request_resize(&mut self, size: WindowSize) -> Result<(), HandlerError> {
            self.0.request_resize(size.physical.into(), size.scale_factor).map_err(HandlerError::from_boxed)
        }

        fn destroyed(&mut self) {
            self.0.destroyed();
        }
    }
    struct MainThread(Box<dyn nice_plug::editor::HostMainThreadCaller>);
    impl HostMainThreadCaller for MainThread {
        fn call_main_thread(&mut self) {
            self.0.call_main_thread();
        }
    }
    Host::new()
        .with_callbacks(Callbacks(host.callbacks))
        .with_main_thread(MainThread(host.main_thread_caller))
}
