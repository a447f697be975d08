//! Keys and clicks reach the window.

use earmark_plugin::exchange::Command;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;

use crate::host::{Host, row_place};
use crate::server::on_a_server;
use crate::support::views;

#[test]
fn keys_and_clicks_arrive() {
    on_a_server("hearing::hears_keys", 1);
}

#[test]
#[ignore = "run by the test that has a server"]
fn hears_keys() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    let (x, y) = row_place(1);
    host.move_pointer(x, y);
    host.press_button();
    host.release_button();
    for (keysym, wanted) in [
        (u32::from(b'f'), Command::ToggleFavourite(views::row(1).sound.key)),
        (0x20, Command::Audition(views::row(1).sound)),
    ] {
        let code = keycode(&host, keysym);
        host.fake(x11rb::protocol::xproto::KEY_PRESS_EVENT, code, 0, 0);
        host.fake(x11rb::protocol::xproto::KEY_RELEASE_EVENT, code, 0, 0);
        host.wait_for_command("what the key means", |command| *command == wanted);
    }
    host.fake(x11rb::protocol::xproto::KEY_PRESS_EVENT, keycode(&host, u32::from(b'/')), 0, 0);
    host.fake(x11rb::protocol::xproto::KEY_RELEASE_EVENT, keycode(&host, u32::from(b'/')), 0, 0);
    for letter in *b"wood" {
        host.fake(x11rb::protocol::xproto::KEY_PRESS_EVENT, keycode(&host, u32::from(letter)), 0, 0);
        host.fake(x11rb::protocol::xproto::KEY_RELEASE_EVENT, keycode(&host, u32::from(letter)), 0, 0);
    }
    host.wait_for_command("the filter", |command| *command == Command::SetFilter("wood".into()));
}

fn keycode(host: &Host, keysym: u32) -> u8 {
    let setup = host.connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let map = host.connection.get_keyboard_mapping(first, last - first + 1).unwrap().reply().unwrap();
    let at =
        map.keysyms.chunks(usize::from(map.keysyms_per_keycode)).position(|keys| keys[0] == keysym).unwrap();
    first + at as u8
}
