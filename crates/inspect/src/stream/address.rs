//! The tail of mail addresses and of passwords in URLs.

use super::Frontier;
use crate::engine::Rules;
use crate::engine::addresses::{
    DOMAIN_BYTES, LOCAL, LOCAL_BYTES, PASSWORD_BYTES, USER_BYTES, ends_authority,
};

#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Where the last run of an address's characters begins.
    word: usize,
    /// Where the name begins whose `@` stands right before `word`, if one does.
    name: Option<usize>,
    /// Where the last run of a URL's user and password begins, and whether `://` stands before it.
    authority: usize,
    is_url: bool,
    /// Where the password begins whose `@` is the last byte.
    password: Option<usize>,
}

impl Tail {
    pub(super) fn read(
        &mut self,
        rules: &Rules,
        text: &[u8],
        old: usize,
        is_enforced: impl Fn(u16) -> bool + Copy,
        frontier: &mut Frontier,
    ) {
        let end = text.len();
        self.read_mail(text, old);
        let is_mail_held = is_enforced(rules.mail) || is_enforced(rules.author_mail);
        match self.name {
            Some(name) if end - self.word <= DOMAIN_BYTES + 1 => {
                frontier.hold(name, is_mail_held);
            }
            _ if self.word < end && end - self.word <= LOCAL_BYTES => {
                frontier.hold(self.word, is_mail_held);
            }
            _ => {}
        }
        self.read_url(text, old);
        if let Some(password) = self.password.or_else(|| self.open_password(text)) {
            frontier.hold(password, is_enforced(rules.url));
        }
    }

    fn read_mail(&mut self, text: &[u8], old: usize) {
        let Some(gap) = text[old..].iter().rposition(|b| !LOCAL[usize::from(*b)]) else { return };
        let gap = old + gap;
        self.word = gap + 1;
        self.name = None;
        if text[gap] == b'@' {
            let before = &text[gap.saturating_sub(LOCAL_BYTES + 1)..gap];
            let length = before.iter().rev().take_while(|b| LOCAL[usize::from(**b)]).count();
            self.name = (1..=LOCAL_BYTES).contains(&length).then_some(gap - length);
        }
    }

    fn read_url(&mut self, text: &[u8], old: usize) {
        if old == text.len() {
            return;
        }
        self.password = None;
        let Some(gap) = text[old..].iter().rposition(|b| ends_authority(*b)) else { return };
        let gap = old + gap;
        if text[gap] == b'@' && gap + 1 == text.len() {
            let limit = PASSWORD_BYTES + USER_BYTES + 2;
            let before = &text[gap.saturating_sub(limit)..gap];
            let length = before.iter().rev().take_while(|b| !ends_authority(**b)).count();
            if text[..gap - length].ends_with(b"://") {
                self.password = password_start(text, gap - length, gap);
            }
        }
        self.authority = gap + 1;
        self.is_url = text[..=gap].ends_with(b"://");
    }

    /// Where a password begins that has not ended.
    fn open_password(&self, text: &[u8]) -> Option<usize> {
        self.is_url.then_some(())?;
        password_start(text, self.authority, text.len())
    }

    pub(super) fn shift(&mut self, by: usize) {
        self.word = self.word.saturating_sub(by);
        self.name = self.name.map(|name| name.saturating_sub(by));
        self.is_url &= self.authority >= by;
        self.authority = self.authority.saturating_sub(by);
        self.password = self.password.map(|password| password.saturating_sub(by));
    }
}

/// The place after the colon in `authority..end`, if what follows may still be a password.
fn password_start(text: &[u8], authority: usize, end: usize) -> Option<usize> {
    let user = &text[authority..end.min(authority + USER_BYTES + 1)];
    let start = authority + memchr::memchr(b':', user)? + 1;
    (end - start <= PASSWORD_BYTES).then_some(start)
}
