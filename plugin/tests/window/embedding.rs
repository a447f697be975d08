//! The window through CLAP's own door, as hosts open it.
// A host vouches that the window it hands over is there; this one's parent outlives the editor.
#![allow(unsafe_code)]

use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, HostGui, HostGuiImpl, PluginGui, Window};
use clack_host::prelude::*;
use earmark_plugin::editor::theme::DARK;
use earmark_plugin::exchange::{Appearance, Theme};
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt as _};

use crate::host::Host;
use crate::server::on_a_server;

struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Callbacks;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _: &Callbacks) {
        builder.register::<HostGui>();
    }
}

struct Callbacks;

impl SharedHandler<'_> for Callbacks {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

/// The window's wishes; the size it has announced is what it gets.
impl HostGuiImpl for Callbacks {
    fn resize_hints_changed(&self) {}

    fn request_resize(&self, _: GuiSize) -> Result<(), HostError> {
        Ok(())
    }

    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn closed(&self, _: bool) {}
}

#[test]
fn a_clap_host_makes_room_for_all_of_the_window_on_a_scaled_desktop() {
    on_a_server("embedding::fits", 2);
}

#[test]
#[ignore = "run by the test that has a server"]
fn fits() {
    let host = Host::new();
    // SAFETY: the entry is the plugin's own, linked into this program, and stays valid as long as it runs.
    let entry = unsafe { PluginEntry::load_from_raw(&earmark_plugin::clap_entry, c"/test").unwrap() };
    let factory = entry.get_plugin_factory().unwrap();
    let descriptor = factory.plugin_descriptors().next().unwrap();
    let info = HostInfo::new("Test", "Earmark", "", "1").unwrap();
    let id = descriptor.id().unwrap();
    let mut instance = PluginInstance::<Handlers>::new(|_| Callbacks, |_| (), &entry, id, &info).unwrap();
    let exchange = earmark_plugin::analysis::exchanges().pop().unwrap();
    exchange.set_appearance(Appearance { width: 960.0, height: 640.0, zoom: 1.0, theme: Theme::Dark });
    let plugin = instance.plugin_handle();
    let gui = plugin.get_extension::<PluginGui>().unwrap();
    let embedded = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
    assert!(gui.is_api_supported(&plugin, embedded));
    gui.create(&plugin, embedded).unwrap();

    // What hosts do: ask for the size, make the frame as large, hand it over.
    let size = gui.get_size(&plugin).unwrap();
    assert_eq!(size, GuiSize { width: 1920, height: 1280 });
    resize_parent(&host, size);
    // SAFETY: the parent is destroyed with the connection, after the editor.
    unsafe { gui.set_parent(&plugin, Window::from_x11_handle(host.parent.into())).unwrap() };
    gui.show(&plugin).unwrap();
    host.wait_for_frame(8, 8);
    let inner = host.connection.query_tree(host.parent).unwrap().reply().unwrap().children[0];
    let shown = host.connection.get_geometry(inner).unwrap().reply().unwrap();
    assert_eq!((u32::from(shown.width), u32::from(shown.height)), (size.width, size.height));
    // The bar at the bottom is there to its last line.
    let panel = DARK.panel.to_array();
    host.wait("the lower edge", || host.pixel(8, 1277) == [panel[0], panel[1], panel[2]]);

    // The host makes it smaller than it can be, then as large as it likes.
    let smallest = gui.adjust_size(&plugin, GuiSize { width: 100, height: 100 }).unwrap();
    assert_eq!(smallest, GuiSize { width: 960, height: 720 });
    let other = GuiSize { width: 1400, height: 1000 };
    resize_parent(&host, other);
    gui.set_size(&plugin, other).unwrap();
    host.wait("the new size", || {
        let shown = host.connection.get_geometry(inner).unwrap().reply().unwrap();
        (shown.width, shown.height) == (1400, 1000)
    });
    assert_eq!(gui.get_size(&plugin).unwrap(), other);
    host.wait("the new lower edge", || host.pixel(8, 997) == [panel[0], panel[1], panel[2]]);
    gui.destroy(&plugin);
}

fn resize_parent(host: &Host, size: GuiSize) {
    let aux = ConfigureWindowAux::new().width(size.width).height(size.height);
    host.connection.configure_window(host.parent, &aux).unwrap().check().unwrap();
}
