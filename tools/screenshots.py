"""Takes a picture of each page, light, dark and narrow: `python tools/screenshots.py FOLDER COMMAND...`.

The command starts the service on a demo store and prints a link to sign in with; it is ended when all are taken.
Those for the README are in `readme` within the folder.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from answering import serving
from playwright.sync_api import Browser, Page, sync_playwright

LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}},
}
"""Each way of looking at a page, by what it changes of a window."""

QUERY = "user:acme/u0004 -resource:calls"
EVENT = "0197dee8-08b0-7eff-9991-50e1f146acb3"
"""An event of the demo that makes a good picture: somebody is moved from one group to another."""

STRANGERS = {"sign-in": "/sign-in", "sign-in-link": "/sign-in/link"}
"""Pages for who is not signed in."""

PAGES = {
    "home": "/",
    "builder": f"/reports/new?query={QUERY.replace(' ', '+')}&columns=date_time,initiator,groups,details,matched",
    "builder-grouped": "/reports/new?query=tenant:acme&group_by=action,outcome",
    "event": f"/events/{EVENT}",
    "user": "/users/acme/u0004",
    "group": "/groups/acme/g1",
    "tenant": "/tenants/acme",
    "schedules": "/schedules",
    "alerts": "/alerts",
    "alert-new": "/alerts/new",
    "exports": "/exports",
    "deliveries": "/deliveries",
    "settings": "/settings",
    "settings-accounts": "/settings/accounts",
    "settings-account": "/settings/accounts/new",
    "settings-roles": "/settings/access-roles",
    "settings-keys": "/settings/keys",
    "settings-sessions": "/settings/sessions",
    "settings-seats": "/settings/seats",
    "settings-domains": "/settings/domains",
    "settings-directory": "/settings/directory",
    "settings-formats": "/settings/formats",
    "settings-storage": "/settings/storage",
    "account": "/account",
    "second-factor": "/second-factor",
    "problem": "/reports/new?query=acton:login",
}
"""Pages for who is signed in."""

SAVED = {
    "report": "/reports/{report}",
    "schedule": "/schedules/{schedule}",
    "schedule-new": "/reports/{report}/schedules/new",
    "alert": "/alerts/{alert}",
}
"""Pages of what is saved for the pictures, with its ids in the place of its names."""

README = {
    "builder": "/reports/new?query=user:acme/u0004&during=2025-03&columns=date_time,initiator,details,changes,matched",
    "event": PAGES["event"],
    "user": PAGES["user"],
}
"""What the README shows, as much of it as is on the screen at first."""

SAVE = """async definition => {
    const { csrf } = await (await fetch("/api/v1/session")).json();
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    const save = async (path, given) => {
        const sent = await fetch(`/api/v1/${path}`, { method: "POST", body: JSON.stringify(given), headers });
        return (await sent.json()).id;
    };
    const report = await save("reports", { title: "What happened to Zoë's account", definition,
        description: "For the review each month.", sharing: [{ kind: "tenant" }] });
    const recipients = [{ kind: "folder", to: "reviews" }];
    const schedule = await save("schedules", { title: "Review, each month", report, zone: "Europe/Berlin",
        timing: { every: "month", day: 1, at: "08:00" }, during: "last-month", formats: ["xlsx", "pdf"], recipients });
    const alert = await save("alerts", { title: "Failed sign-ins of one user", tenant: "acme", threshold: 5,
        query: "action:login outcome:failure,denied", by: "target", recipients });
    await save("exports", { report, format: "xlsx" });
    return { report, schedule, alert };
}"""


def take(page: Page, path: str, file: Path, *, whole: bool = True) -> list[str]:
    """Take a picture of a page, once it has loaded what it shows; what is wrong with the answer, if anything."""
    answer = page.goto(path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=whole)
    print(file)
    status = answer.status if answer else 0
    return [] if status == 200 or file.name.startswith("problem") else [f"{path} answers {status}"]


def take_all(browser: Browser, address: str, link: str, folder: Path) -> list[str]:
    """Take pictures of all pages; what was wrong with any."""
    wrong = []
    first = browser.new_context(base_url=address).new_page()
    first.goto(link)
    first.wait_for_url("/")
    saved = first.evaluate(SAVE, {"query": QUERY, "during": "2025"})
    cookies: Any = first.context.cookies()
    for look, changed in LOOKS.items():
        window = browser.new_context(base_url=address, **{"viewport": {"width": 1280, "height": 800}, **changed})
        page = window.new_page()
        for name, path in STRANGERS.items():
            wrong += take(page, path, folder / f"{name}-{look}.png")
        window.add_cookies(cookies)
        for name, path in PAGES.items():
            wrong += take(page, path, folder / f"{name}-{look}.png")
        for name, path in SAVED.items():
            wrong += take(page, path.format(**saved), folder / f"{name}-{look}.png")
        window.close()
    window = browser.new_context(base_url=address, viewport={"width": 1280, "height": 940})
    window.add_cookies(cookies)
    page = window.new_page()
    for name, path in README.items():
        wrong += take(page, path, folder / "readme" / f"{name}.png", whole=False)
    return wrong


def main(folder: Path, command: list[str]) -> list[str]:
    """Take the pictures; what was wrong with any page."""
    folder.mkdir(parents=True, exist_ok=True)
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with serving(command) as (address, link), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        wrong = take_all(browser, address, link, folder)
        browser.close()
    return wrong


if __name__ == "__main__":
    sys.exit("\n".join(main(Path(sys.argv[1]), sys.argv[2:])) or None)
