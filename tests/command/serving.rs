//! `earmark serve`: prints an address, answers there alone, and ends with Ctrl-C.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::support::{Bench, Running};

/// What is answered to a request for an address.
fn ask(url: &str, path: &str) -> String {
    let (host, token) = url.trim().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{token}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_printed_address_is_the_page_until_ctrl_c() {
    let bench = Bench::new();
    bench.snippet("DOORCreak_Old Door_EMRK_TEST.wav", "door_creak", 1);
    bench.index();
    let mut command = bench.command();
    let mut serving = Running::start(command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert!(ask(&url, "").contains("<title>Earmark</title>"));
    let state = ask(&url, "api/state");
    assert!(state.starts_with("HTTP/1.1 200") && state.contains("\"sounds\":1"), "{state}");
    assert!(ask(&url, "api/search?filter=creak").contains("DOORCreak_Old Door_EMRK_TEST.wav"));
    serving.interrupt();
    let ended = serving.finish();
    assert_eq!(ended.status.code(), Some(130));
    assert!(lines.next().is_none(), "the address alone is printed");
    assert!(TcpStream::connect(url.split('/').nth(2).unwrap()).is_err());
}

#[test]
fn a_taken_port_is_an_error_that_says_what_to_do() {
    let bench = Bench::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    bench.run(["serve", "--port", &port]).refused(&["127.0.0.1", &port, "--port"]);
}
