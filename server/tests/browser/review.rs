//! The review of labels, from the first look to the plan.

use std::fs;

use earmark_relabel::Plan;

use crate::chromium::Page;
use crate::support::{Fixture, Running};

const OPEN: &str = "document.querySelectorAll('.suggestions .row:not(.decided)').length";

#[test]
fn suggestions_are_decided_with_the_keyboard_and_end_in_a_plan() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("3");
    page.until("document.querySelector('.view-review .note h2')?.textContent === 'Review labels'");
    page.shoot("review-begin");
    page.click(".view-review .note button");
    let all = page.until(&format!(
        "document.querySelector('.kinds [aria-selected=true]')?.textContent.includes('Without') && {OPEN}"
    ));
    let all = all.as_u64().unwrap();
    page.until("document.querySelectorAll('.view-review .side .share').length > 0");
    page.shoot("review");
    // Accept the best, and skip the next.
    let first = page.text(".suggestions [aria-selected=true] .name");
    page.key("Space");
    page.until("document.querySelector('audio').currentTime > 0.05");
    page.key("a");
    page.until(&format!("{OPEN} === {}", all - 1));
    assert_ne!(page.text(".suggestions [aria-selected=true] .name"), first, "on to the next");
    page.key("s");
    page.until(&format!("{OPEN} === {}", all - 2));
    // Correct one, by other words than the category's.
    let third = page.text(".suggestions [aria-selected=true] .name");
    page.key("c");
    page.until("document.activeElement.getAttribute('role') === 'combobox'");
    page.write("door wood");
    page.until("document.querySelector('[role=combobox]').getAttribute('aria-expanded') === 'true'");
    page.shoot("review-correct");
    page.until("document.querySelector('.typeahead li b').textContent === 'DOORWood'");
    page.key("Enter");
    page.until(&format!("{OPEN} === {}", all - 3));
    // Undo, and again.
    page.key("u");
    page.until(&format!("{OPEN} === {}", all - 2));
    page.until(&format!(
        "document.querySelector('.suggestions [aria-selected=true] .name').textContent === {third:?}"
    ));
    page.key("c");
    page.write("DOORWood");
    page.until("document.querySelector('.typeahead li b')?.textContent === 'DOORWood'");
    page.key("Enter");
    page.until(&format!("{OPEN} === {}", all - 3));
    // Nothing is lost when the page is closed.
    page.call("Page.reload", serde_json::json!({}));
    page.until(&format!("document.querySelector('.suggestions') && {OPEN} === {}", all - 3));
    page.until("document.querySelector('.view-review .primary').textContent.includes('2')");
    page.click(".view-review .bar .primary");
    page.until("document.querySelector('dialog.plan').open");
    page.click("dialog.plan input[aria-label=CreatorID]");
    page.write("ABCD");
    page.click("dialog.plan input[aria-label=SourceID]");
    page.write("TEST");
    page.click("#make-plan");
    let path = page.until("document.querySelector('#plan-path')?.textContent");
    page.shoot("review-plan");
    let plan = Plan::load(path.as_str().unwrap().as_ref()).unwrap();
    assert_eq!(plan.entries.len(), 2);
    let third = plan.entries.iter().find(|entry| entry.fields.cat_id.as_deref() == Some("DOORWood")).unwrap();
    assert!(third.name.as_deref().unwrap().starts_with("DOORWood_"), "{third:?}");
    assert!(fs::metadata(&third.path).is_ok(), "nothing was renamed");
    page.leave(&server.url);
}

#[test]
fn many_are_accepted_above_a_share_and_then_nothing_is_left() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("3");
    page.until("document.querySelector('.view-review .note h2')");
    page.click(".view-review .note button");
    page.until(&format!("{OPEN} > 0"));
    page.eval("(() => { const least = document.querySelector('.view-review [type=number]'); least.value = '5'; least.dispatchEvent(new Event('input')); })()");
    page.until("!document.querySelector('.view-review .bar button:not([role=tab])').disabled");
    page.click(".view-review .bar button:not([role=tab])");
    page.until(&format!("{OPEN} === 0"));
    page.until("document.querySelector('.view-review .side .note h2')?.textContent === 'All decided'");
    page.shoot("review-done");
    page.key("u");
    page.until(&format!("{OPEN} > 0"));
    page.leave(&server.url);
}

#[test]
fn a_library_where_everything_fits_has_nothing_to_review() {
    let fixture = Fixture::make();
    fs::remove_dir_all(fixture.sounds.join("Unsorted")).unwrap();
    fs::remove_dir_all(fixture.sounds.join("Odd")).unwrap();
    fixture.index();
    let server = Running::new(&fixture.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("3");
    page.until("document.querySelector('.view-review .note h2')");
    page.click(".view-review .note button");
    page.until("document.querySelector('.view-review .note h2')?.textContent === 'Nothing to review'");
    page.shoot("review-nothing");
    page.leave(&server.url);
}
