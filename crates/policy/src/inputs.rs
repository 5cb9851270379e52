//! What a policy reads, and whether it can fail: a walk over its syntax tree.
//!
//! What no policy reads is neither built for Cedar nor part of a memo's key. Only expressions
//! on the list below are let through, because each of them yields a value for every input of
//! the right type; arithmetic can overflow and extension functions can refuse their text.

use std::collections::HashSet;
use std::sync::Arc;

use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, Policy, UnaryOp, Var};

/// Which of the inputs that policies may read they do read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    pub(crate) roles: bool,
    pub(crate) owner: bool,
    pub(crate) purpose: bool,
    pub(crate) time: Precision,
    pub(crate) endpoint: bool,
    pub(crate) stream: bool,
    pub(crate) max_output_tokens: bool,
    pub(crate) findings: bool,
    pub(crate) labels: bool,
    pub(crate) origins: bool,
    pub(crate) on_behalf_of: bool,
    pub(crate) chain: bool,
    pub(crate) scopes: bool,
    pub(crate) tier: bool,
}

/// How finely policies look at the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precision {
    #[default]
    Never,
    Hour,
    Minute,
}

impl Inputs {
    pub(crate) const ALL: Self = Self {
        roles: true,
        owner: true,
        purpose: true,
        time: Precision::Minute,
        endpoint: true,
        stream: true,
        max_output_tokens: true,
        findings: true,
        labels: true,
        origins: true,
        on_behalf_of: true,
        chain: true,
        scopes: true,
        tier: true,
    };

    fn of(names: &HashSet<String>) -> Self {
        let has = |name: &str| names.contains(name);
        let time = match has("time") {
            true if ["minute", "minute_of_week", "epoch_seconds"].iter().any(|n| has(n)) => {
                Precision::Minute
            }
            true => Precision::Hour,
            false => Precision::Never,
        };
        Self {
            roles: has("roles"),
            owner: has("owner"),
            purpose: has("purpose"),
            time,
            endpoint: has("endpoint"),
            stream: has("stream"),
            max_output_tokens: has("max_output_tokens"),
            findings: has("findings") || has("finding_families"),
            labels: has("labels"),
            origins: has("origins"),
            on_behalf_of: has("on_behalf_of"),
            chain: has("chain") || has("depth"),
            scopes: has("scopes"),
            tier: has("tier"),
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            roles: self.roles || other.roles,
            owner: self.owner || other.owner,
            purpose: self.purpose || other.purpose,
            time: self.time.max(other.time),
            endpoint: self.endpoint || other.endpoint,
            stream: self.stream || other.stream,
            max_output_tokens: self.max_output_tokens || other.max_output_tokens,
            findings: self.findings || other.findings,
            labels: self.labels || other.labels,
            origins: self.origins || other.origins,
            on_behalf_of: self.on_behalf_of || other.on_behalf_of,
            chain: self.chain || other.chain,
            scopes: self.scopes || other.scopes,
            tier: self.tier || other.tier,
        }
    }
}

/// What can go wrong in a policy while it is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallible {
    Arithmetic,
    Extension,
}

/// What a policy reads, or why it could fail at run time.
pub(crate) fn read(policy: &Policy) -> Result<Inputs, Fallible> {
    let mut walk = Walk::default();
    for clause in policy.body().clauses() {
        let (Clause::When(expr) | Clause::Unless(expr)) = clause;
        walk.pending.push(expr.clone());
    }
    while let Some(expr) = walk.pending.pop() {
        walk.visit(&expr)?;
    }
    Ok(if walk.takes_records_whole { Inputs::ALL } else { Inputs::of(&walk.names) })
}

#[derive(Default)]
struct Walk {
    pending: Vec<Arc<Expr>>,
    names: HashSet<String>,
    /// Whether `context` or `context.time` stands anywhere but before a dot or `has`.
    takes_records_whole: bool,
}

impl Walk {
    fn visit(&mut self, expr: &Expr) -> Result<(), Fallible> {
        match expr {
            Expr::Literal(_) => {}
            Expr::Var(var) => self.takes_records_whole |= matches!(var, Var::Context),
            Expr::UnaryOp { op: UnaryOp::Not | UnaryOp::IsEmpty, expr } => self.push([expr]),
            Expr::UnaryOp { op: UnaryOp::Neg, expr } if is_number(expr) => {}
            Expr::BinaryOp { op, left, right } if is_total(*op) => self.push([left, right]),
            Expr::BinaryOp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. }
            | Expr::UnaryOp { op: UnaryOp::Neg, .. } => return Err(Fallible::Arithmetic),
            Expr::GetAttr { expr, attr } => {
                // `context.time` as a value, not followed by a dot, is read to the minute.
                self.takes_records_whole |= attr == "time";
                self.names.insert(attr.to_string());
                self.target(expr);
            }
            Expr::HasAttr { expr, attrs } => {
                self.names.extend(attrs.iter().map(ToString::to_string));
                self.target(expr);
            }
            Expr::Like { expr, .. } => self.push([expr]),
            Expr::Is { expr, in_expr, .. } => self.push([expr].into_iter().chain(in_expr)),
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                self.push([cond, then_expr, else_expr]);
            }
            Expr::Set(items) => self.push(items),
            Expr::Record(fields) => self.push(fields.values()),
            _ => return Err(Fallible::Extension),
        }
        Ok(())
    }

    fn push<'a>(&mut self, parts: impl IntoIterator<Item = &'a Arc<Expr>>) {
        self.pending.extend(parts.into_iter().cloned());
    }

    /// What stands before a dot or `has`: `context` and `context.time` are not read whole there.
    fn target(&mut self, expr: &Arc<Expr>) {
        match &**expr {
            Expr::Var(_) => {}
            Expr::GetAttr { expr, attr } if attr == "time" => {
                self.names.insert(attr.to_string());
                self.target(expr);
            }
            _ => self.pending.push(expr.clone()),
        }
    }
}

/// The one number without a positive counterpart could overflow.
fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(Literal::Long(number)) if *number != i64::MIN)
}

fn is_total(op: BinaryOp) -> bool {
    use BinaryOp::{
        And, Contains, ContainsAll, ContainsAny, Eq, Greater, GreaterEq, In, Less, LessEq, NotEq,
        Or,
    };
    let compares = matches!(op, Eq | NotEq | Less | LessEq | Greater | GreaterEq);
    compares || matches!(op, And | Or | In | Contains | ContainsAll | ContainsAny)
}
