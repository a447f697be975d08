//! What the page shows while something is missing, loading or wrong.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use earmark_server::Options;

use crate::chromium::Page;
use crate::support::{Running, SHARED, load_model, take, wav_of};

#[test]
fn without_a_library_the_page_says_what_to_do_and_goes_on_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("library");
    let server = Running::new(&library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.until("document.querySelector('.note h2')?.textContent === 'No library yet'");
    page.until("document.querySelector('#status').textContent === 'no library'");
    page.shoot("no-library");
    std::fs::create_dir_all(&library).unwrap();
    for entry in std::fs::read_dir(&SHARED.library).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), library.join(entry.file_name())).unwrap();
    }
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    page.leave(&server.url);
}

#[test]
fn while_the_network_loads_the_page_works_and_says_so() {
    let (finish, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let server = Running::with(Options::new(SHARED.library.clone(), move |_| {
        wait.lock().unwrap().recv().unwrap();
        load_model()
    }));
    let Some(mut page) = Page::open(&server.url) else { return };
    page.until("document.querySelector('#status').textContent.includes('loading the network')");
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("question.wav");
    std::fs::write(&file, wav_of(&take("handbell", 8, 1.0))).unwrap();
    page.drop_file(&file);
    page.until("document.querySelector('#progress')?.textContent === 'Loading the network …'");
    page.shoot("loading");
    finish.send(()).unwrap();
    page.until("document.querySelector('#told').textContent.includes('closest')");
    page.until("!document.querySelector('#status').textContent.includes('loading')");
    page.leave(&server.url);
}

#[test]
fn nothing_found_wrong_filters_and_wrong_files_are_told() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("/");
    page.write("zebra");
    page.until("document.querySelector('.note h2')?.textContent === 'No sound of the library passes'");
    page.shoot("nothing-found");
    page.click(".note button");
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    page.key("/");
    page.write("dur<");
    page.until("document.querySelector('[type=search]').getAttribute('aria-invalid') === 'true'");
    assert!(page.text("#told").contains("character"), "{}", page.text("#told"));
    page.shoot("wrong-filter");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("letter.docx");
    std::fs::write(&file, b"PK this is no sound").unwrap();
    page.drop_file(&file);
    page.until("document.querySelector('#toast').textContent.includes('letter.docx')");
    page.shoot("wrong-file");
    page.leave(&server.url);
}

#[test]
fn a_server_that_is_gone_is_told() {
    let server = Running::new(&SHARED.library);
    let url = server.url.clone();
    let Some(mut page) = Page::open(&url) else { return };
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    drop(server);
    page.key("/");
    page.write("x");
    page.until("document.querySelector('.note h2')?.textContent === 'Earmark does not answer'");
    page.shoot("gone");
    page.leave(&url);
}
