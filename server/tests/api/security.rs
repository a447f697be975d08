//! Who is refused, and what is never handed out.

use earmark_server::Options;

use crate::support::{MARKUP, Running, SHARED, load_model};

fn serve() -> Running {
    Running::new(&SHARED.library)
}

#[test]
fn without_the_token_nothing_is_answered() {
    let server = serve();
    let wrong = "0".repeat(server.token.len());
    let short = &server.token[..8];
    let long = format!("{}0", server.token);
    for target in ["/", "/index.html", "/api/state", "//", "/favicon.ico"] {
        assert_eq!(server.send("GET", target, &[], b"").status, 403, "{target}");
    }
    for token in [wrong.as_str(), short, long.as_str(), "", "%00"] {
        let answer = server.send("GET", &format!("/{token}/api/search"), &[], b"");
        assert_eq!(answer.status, 403, "{token}");
        assert!(!answer.text().contains(&server.token));
    }
    assert_eq!(server.get("api/state").status, 200);
}

#[test]
fn every_run_has_another_token_of_128_bits() {
    let (one, other) = (serve(), serve());
    assert_ne!(one.token, other.token);
    for server in [&one, &other] {
        assert_eq!(server.token.len(), 32);
        assert!(server.token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}

#[test]
fn a_name_that_dns_points_here_is_refused() {
    let server = serve();
    let target = format!("/{}/api/state", server.token);
    let port = server.port;
    for host in [
        format!("evil.example:{port}"),
        "127.0.0.1".into(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1.evil.example:{port}"),
        String::new(),
    ] {
        assert_eq!(server.send("GET", &target, &[("Host", &host)], b"").status, 421, "{host}");
    }
    let twice = [("Host", &*format!("127.0.0.1:{port}")), ("Host", "evil.example")];
    assert!(matches!(server.send("GET", &target, &twice, b"").status, 400 | 421));
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(server.send("GET", &target, &[("Host", &host)], b"").status, 200, "{host}");
    }
}

#[test]
fn other_pages_are_refused() {
    let server = serve();
    let target = format!("/{}/api/state", server.token);
    let port = server.port;
    for origin in [
        "http://evil.example".to_owned(),
        "null".into(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://127.0.0.1:{port}.evil.example"),
    ] {
        assert_eq!(server.send("GET", &target, &[("Origin", &origin)], b"").status, 403, "{origin}");
    }
    let own = format!("http://127.0.0.1:{port}");
    let answer = server.send("GET", &target, &[("Origin", &own)], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    for site in ["cross-site", "same-site"] {
        assert_eq!(server.send("GET", &target, &[("Sec-Fetch-Site", site)], b"").status, 403, "{site}");
    }
}

#[test]
fn a_form_of_another_page_changes_nothing() {
    let server = serve();
    let target = format!("/{}/api/questions?name=a.wav", server.token);
    let plain = [("Content-Type", "text/plain")];
    assert_eq!(server.send("POST", &target, &plain, b"RIFF").status, 403, "a simple request");
    let foreign = [("Origin", "http://evil.example"), ("X-Earmark", "1")];
    assert_eq!(server.send("POST", &target, &foreign, b"RIFF").status, 403);
    // What a browser asks before it sends the header of another page: no.
    let ask = [
        ("Origin", "http://evil.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-earmark"),
    ];
    let answer = server.send("OPTIONS", &target, &ask, b"");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-headers"), None);
}

#[test]
fn no_address_leads_out_of_the_page_or_the_library() {
    let server = serve();
    let token = &server.token;
    for path in [
        "assets/../../Cargo.toml",
        "assets/..%2f..%2fCargo.toml",
        "assets/%2e%2e/%2e%2e/Cargo.toml",
        "assets/..\\..\\Cargo.toml",
        "assets//etc/passwd",
        "assets/index.html%00.js",
        "api/sounds/..%2f..%2fsecret.wav/audio",
        "api/sounds/%2fetc%2fpasswd/audio",
        "api/sounds/1.0.99999/audio",
        "api/sounds/1.4294967295.4294967295/audio",
        "api/sounds/+1.0.0/audio",
        "api/sounds/1.0.-1/audio",
        "api/sounds/99.0.0/audio",
        "api/questions/12345/audio",
        "../secret.wav",
    ] {
        let answer = server.send("GET", &format!("/{token}/{path}"), &[], b"");
        assert!(matches!(answer.status, 400 | 403 | 404 | 410), "{path}: {}", answer.status);
        assert!(!answer.text().contains("RIFF") && !answer.text().contains("[package]"), "{path}");
    }
}

#[test]
fn what_has_taken_the_place_of_a_sound_is_handed_out_only_if_it_is_one() {
    let fixture = crate::support::Fixture::make();
    let server = Running::new(&fixture.library);
    let key = server.key_of("take 17.wav");
    let path = fixture.sounds.join("Unsorted/take 17.wav");
    std::fs::write(&path, "root:x:0:0: not a sound").unwrap();
    let answer = server.get(&format!("api/sounds/{key}/audio"));
    assert_eq!(answer.status, 422);
    assert!(!answer.text().contains("root:x"));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(server.get(&format!("api/sounds/{key}/audio")).status, 422);
    assert_eq!(server.get(&format!("api/sounds/{key}/peaks")).status, 422);
}

#[test]
fn uploads_that_are_too_large_are_refused() {
    let mut options = Options::new(SHARED.library.clone(), |_| load_model());
    options.max_upload_bytes = 100_000;
    let server = Running::with(options);
    // Told beforehand: nothing is read.
    let told = server.send(
        "POST",
        &format!("/{}/api/questions?name=a.wav", server.token),
        &[("X-Earmark", "1"), ("Content-Length", "1000000000000")],
        b"",
    );
    assert_eq!(told.status, 413);
    assert_eq!(told.json()["error"]["kind"], "too-large");
    // Not told: as soon as there is too much.
    let chunk = vec![0u8; 60_000];
    let mut body = Vec::new();
    for _ in 0..2 {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(&chunk);
        body.extend_from_slice(b"\r\n");
    }
    let target = format!("/{}/api/questions?name=a.wav", server.token);
    let headers = [("X-Earmark", "1"), ("Transfer-Encoding", "chunked"), ("Content-Length", "")];
    let headers = &headers[..2];
    let mut raw = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    use std::io::{Read, Write};
    write!(raw, "POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", server.port).unwrap();
    headers.iter().for_each(|(name, value)| write!(raw, "{name}: {value}\r\n").unwrap());
    raw.write_all(b"\r\n").unwrap();
    raw.write_all(&body).unwrap();
    raw.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
    let mut head = [0; 64];
    let got = raw.read(&mut head).unwrap();
    assert!(head[..got].starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&head[..got]));
    // The server goes on.
    assert_eq!(server.get("api/state").status, 200);
    let empty = server.post("api/questions?name=a.wav", b"");
    assert_eq!(empty.status, 400);
}

#[test]
fn every_answer_says_what_the_page_may_do() {
    let server = serve();
    for path in ["", "assets/app.js", "api/state", "api/nothing"] {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && policy.contains("require-trusted-types-for 'script'")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "the token stays here");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    }
    assert_eq!(server.send("GET", "/", &[], b"").header("x-frame-options"), Some("DENY"));
}

#[test]
fn the_page_names_no_other_host() {
    let server = serve();
    let page = server.get("").text();
    let scripts: Vec<&str> = page.split('"').filter(|part| part.starts_with("assets/")).collect();
    assert!(scripts.len() >= 3, "{page}");
    let mut to_read: Vec<String> = scripts.iter().map(|name| (*name).to_owned()).collect();
    let mut read = Vec::new();
    while let Some(name) = to_read.pop() {
        if read.contains(&name) {
            continue;
        }
        let answer = server.get(&name);
        assert_eq!(answer.status, 200, "{name}");
        let text = answer.text();
        for part in text.split("from \"./").skip(1) {
            to_read.push(format!("assets/{}", part.split('"').next().unwrap()));
        }
        let foreign = text.split("//").skip(1).any(|rest| {
            rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && !rest.starts_with("www.w3.org")
        });
        assert!(!foreign, "{name} names another host");
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!text.contains(sink), "{name} uses {sink}");
        }
        read.push(name);
    }
    assert!(read.len() > 10, "{read:?}");
}

#[test]
fn odd_names_are_shown_as_what_they_are() {
    let server = serve();
    let found = server.json("api/search?count=1000&filter=glass%7Cwav");
    let rows = found["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    // Markup and quotation marks are text like other text.
    assert!(names.contains(&MARKUP), "{names:?}");
    assert!(names.contains(&crate::support::QUOTES));
    assert!(names.contains(&"harmless ‹202E›vaw.png.wav"));
    assert!(names.iter().any(|name| name.len() == crate::support::LONGEST));
    #[cfg(target_os = "linux")]
    assert!(names.contains(&"bytes \\xFF\\xFE no text.wav"));
    for row in rows {
        let key = row["key"].as_str().unwrap();
        let answer = server.get(&format!("api/sounds/{key}/audio"));
        assert_eq!(answer.status, 200, "{}", row["name"]);
        assert_eq!(server.get(&format!("api/sounds/{key}/peaks")).body.len(), 600);
        assert!(server.json(&format!("api/sounds/{key}"))["path"].as_str().unwrap().len() > 10);
    }
}
