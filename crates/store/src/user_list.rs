//! Users as a list shows them: a part of it, in the order and by the text that are asked for.

use model::{TenantId, Timestamp, UserName};

use crate::{Result, Store, sqlite};

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLine {
    pub name: UserName,
    pub standing: UserStanding,
    /// With blanks between them.
    pub roles: String,
    /// Second factors of theirs.
    pub factors: u64,
    pub updated: Timestamp,
}

/// Whether somebody can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStanding {
    Active,
    Disabled,
    /// Has no second factor yet.
    Invited,
}

impl UserStanding {
    pub const ALL: [Self; 3] = [Self::Active, Self::Disabled, Self::Invited];

    pub fn of(is_active: bool, factors: u64) -> Self {
        match (is_active, factors) {
            (false, _) => Self::Disabled,
            (true, 0) => Self::Invited,
            (true, _) => Self::Active,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Invited => "invited",
        }
    }
}

/// By what the lines are put in order; then by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserOrder {
    #[default]
    Name,
    Standing,
    Roles,
    Factors,
    Updated,
}

/// Which lines, and in which order.
#[derive(Clone, Debug, Default)]
pub struct UserListing {
    /// A part of the name, of the standing or of a role, whatever its capitals.
    pub text: String,
    pub by: UserOrder,
    pub is_descending: bool,
}

impl Store {
    /// `limit` lines after the first `skip`.
    pub async fn user_lines(
        &self,
        tenant: &TenantId,
        listing: UserListing,
        part: (usize, usize),
    ) -> Result<Vec<UserLine>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::user_list::lines(tx, &tenant, &listing, part)).await
    }

    /// How many lines a text finds, and how many users there are.
    pub async fn count_user_lines(&self, tenant: &TenantId, text: &str) -> Result<(usize, usize)> {
        let (tenant, text) = (tenant.clone(), text.to_owned());
        self.db.read(move |tx| sqlite::user_list::count(tx, &tenant, &text)).await
    }
}
