//! What is around every page: navigation, the way back, and who is logged in.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use model::{ApprovalState, TenantId};

use super::assets::{self, Asset};
use super::components::text::untrusted;
use crate::{App, Principal, Problem};

/// Approvals that the navigation counts; more are shown as "99+".
const MAX_COUNTED: usize = 100;

/// A part of the console, as the navigation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Activity,
    Agents,
    Approvals,
    Tools,
    Policies,
    People,
    Log,
    Settings,
}

impl Section {
    const ALL: [Self; 9] = [
        Self::Overview,
        Self::Activity,
        Self::Agents,
        Self::Approvals,
        Self::Tools,
        Self::Policies,
        Self::People,
        Self::Log,
        Self::Settings,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Activity => "Activity",
            Self::Agents => "Agents",
            Self::Approvals => "Approvals",
            Self::Tools => "Tools",
            Self::Policies => "Policies",
            Self::People => "People",
            Self::Log => "Log",
            Self::Settings => "Settings",
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Activity => "/activity",
            Self::Agents => "/agents",
            Self::Approvals => "/approvals",
            Self::Tools => "/tools",
            Self::Policies => "/policies",
            Self::People => "/people",
            Self::Log => "/log",
            Self::Settings => "/settings",
        }
    }
}

/// What the shell says of a page.
pub(crate) struct Frame<'a> {
    pub(crate) section: Section,
    /// The page's own heading; may come from outside.
    pub(crate) title: &'a str,
    /// The pages above it, below the section: title and path.
    pub(crate) trail: Vec<(&'a str, String)>,
    /// Beside the heading: buttons, or nothing.
    pub(crate) actions: Markup,
}

impl<'a> Frame<'a> {
    pub(crate) fn of(section: Section) -> Self {
        Self { section, title: section.title(), trail: vec![], actions: html! {} }
    }

    /// A page below a section's first.
    pub(crate) fn below(section: Section, title: &'a str) -> Self {
        Self { title, ..Self::of(section) }
    }

    fn is_first(&self) -> bool {
        self.trail.is_empty() && self.title == self.section.title()
    }
}

/// A whole page for somebody who is let in.
pub(crate) async fn page(app: &App, who: &Principal, frame: Frame<'_>, body: Markup) -> Response {
    let waiting = app
        .store
        .approvals(&who.tenant, Some(ApprovalState::Waiting), MAX_COUNTED, (app.clock)())
        .await
        .map_or(0, |waiting| waiting.len());
    let main = html! {
        (super::access::glass(app, &who.tenant).await)
        header.page {
            (crumbs(&frame))
            div.heading {
                h1 { (untrusted(frame.title)) }
                div.actions { (frame.actions) }
            }
        }
        (body)
    };
    let around = html! {
        header.top {
            a.brand href="/" { (assets::mark()) "Portcullis" }
            a.menu href="#navigation" { "Menu" }
        }
        nav #navigation.side aria-label="Main" {
            a.close href="#main" { "Close menu" }
            ul {
                @for section in Section::ALL {
                    li {
                        a href=(section.path()) aria-current=[(section == frame.section).then_some("page")] {
                            (section.title())
                            @if section == Section::Approvals && waiting > 0 {
                                " " span.count { (counted(waiting)) span.sr { " waiting" } }
                            }
                        }
                    }
                }
            }
            (whoami(who))
        }
        main #main tabindex="-1" { (main) }
    };
    document(StatusCode::OK, frame.title, &around)
}

/// Who is logged in, of which tenant.
fn whoami(who: &Principal) -> Markup {
    html! {
        div.who {
            span.name {
                @if who.user().is_some() { a href="/account" { (untrusted(&who.name)) } }
                @else { (untrusted(&who.name)) }
            }
            span.muted { "tenant " (untrusted(who.tenant.as_str())) }
            @if who.user().is_some() {
                a href="/account" { "Your account" }
                form method="post" action="/logout" { button.plain type="submit" { "Log out" } }
            }
            button.plain type="button" data-zone hidden { "Show times in UTC" }
        }
    }
}

fn counted(number: usize) -> String {
    if number >= MAX_COUNTED { "99+".to_owned() } else { number.to_string() }
}

fn crumbs(frame: &Frame<'_>) -> Markup {
    html! {
        @if !frame.is_first() {
            nav.crumbs aria-label="Breadcrumbs" {
                ol {
                    li { a href=(frame.section.path()) { (frame.section.title()) } }
                    @for (title, path) in &frame.trail { li { a href=(path) { (untrusted(title)) } } }
                    li aria-current="page" { (untrusted(frame.title)) }
                }
            }
        }
    }
}

/// A page without navigation for somebody who is let in.
pub(crate) async fn narrow(app: &App, tenant: &TenantId, title: &str, body: &Markup) -> Response {
    inside(app, Some(tenant), StatusCode::OK, title, body).await
}

/// The same with a status of its own. What strangers must not know stands on it only where somebody was
/// let into a tenant.
pub(crate) async fn inside(
    app: &App,
    tenant: Option<&TenantId>,
    status: StatusCode,
    title: &str,
    body: &Markup,
) -> Response {
    let Some(tenant) = tenant else { return bare(status, title, body) };
    let body = html! { (super::access::glass(app, tenant).await) (body) };
    bare(status, title, &body)
}

/// A page for whoever comes, without navigation: logging in, and problems.
pub(crate) fn bare(status: StatusCode, title: &str, body: &Markup) -> Response {
    let around = html! {
        header.top { a.brand href="/" { (assets::mark()) "Portcullis" } }
        main #main.bare tabindex="-1" { h1 { (untrusted(title)) } (body) }
    };
    document(status, title, &around)
}

/// A problem as a page, for whoever was let into a tenant or for a stranger.
pub(crate) async fn problem(app: &App, tenant: Option<&TenantId>, problem: &Problem) -> Response {
    let title = match problem.status() {
        StatusCode::UNAUTHORIZED => "Who are you?",
        StatusCode::FORBIDDEN => "You may not do this",
        StatusCode::NOT_FOUND => "There is no such thing",
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "It has changed meanwhile",
        status if status.is_client_error() => "This cannot be done as it was asked",
        _ => "This did not work",
    };
    let body = html! {
        p { (untrusted(problem.detail())) }
        p { a.button href="/" { "Go to the overview" } }
    };
    inside(app, tenant, problem.status(), title, &body).await
}

fn document(status: StatusCode, title: &str, around: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (model::visible(title)) " · Portcullis" }
                link rel="stylesheet" href=(Asset::Style.path());
                link rel="icon" href=(Asset::Icon.path()) type="image/svg+xml";
                script src=(Asset::Script.path()) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (around)
            }
        }
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], page.into_string()).into_response()
}

/// A name as one segment of a path of ours: nothing in it is a slash, a query or an instruction.
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            // A segment of points alone would name another folder.
            b'.' if !name.bytes().all(|byte| byte == b'.') => out.push('.'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A path with a query.
pub(crate) fn url(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut mark = '?';
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(mark);
        out.push_str(name);
        out.push('=');
        out.push_str(&segment(value));
        mark = '&';
    }
    out
}
