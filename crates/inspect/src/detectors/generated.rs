//! Dangerous code in answers and in the arguments of tools, as [`crate::code`] judges it.
//!
//! Recorded by default: code is quoted, taught and reviewed far more often than it is run. What is
//! worth refusing in the arguments of a tool that runs them is for a policy to say.

use model::Severity;

use super::{Declaration, Form};
use crate::action::Action;
use crate::code::{
    CREDENTIAL_FILE, DESTRUCTIVE_COMMAND, DISABLED_TLS, DISGUISED_COMMAND, EVAL_OF_INPUT,
    HARDCODED_SECRET, PERSISTENCE, REMOTE_SCRIPT, REVERSE_SHELL, SENDS_DATA, SHELL_FROM_STRING,
    SQL_FROM_STRING, UNKNOWN_PACKAGE, UNSAFE_DESERIALISATION, WEAK_PERMISSION,
};
use crate::lookalike::LOOKALIKE;

const fn check(
    name: &'static str,
    kind: &'static str,
    finds: &'static str,
    severity: Severity,
    reference: &'static str,
) -> Declaration {
    Declaration::new(name, kind, finds, Form::Judged, reference)
        .severity(severity)
        .confidence(0.8)
        .actions(Action::Allow, Action::Allow)
}

use Severity::{Critical, High, Low, Medium};

#[rustfmt::skip]
pub(super) const ALL: &[Declaration] = &[
    check("code_hardcoded_secret", HARDCODED_SECRET, "Credentials written into code", High, "CWE-798"),
    check("code_eval_of_input", EVAL_OF_INPUT, "Input that is run as code", High, "CWE-95"),
    check("code_disabled_tls", DISABLED_TLS, "TLS without checking the other side", High, "CWE-295"),
    check("code_shell_from_string", SHELL_FROM_STRING, "Shell commands put together from values", High, "CWE-78"),
    check("code_unsafe_deserialisation", UNSAFE_DESERIALISATION, "Loading data that can name code to run", Medium, "CWE-502"),
    check("code_sql_from_string", SQL_FROM_STRING, "SQL put together from values", High, "CWE-89"),
    check("code_remote_script", REMOTE_SCRIPT, "Scripts that are fetched and run unseen", Medium, "CWE-494"),
    check("code_weak_permission", WEAK_PERMISSION, "Files or containers open to everybody", Medium, "CWE-732"),
    check("code_reverse_shell", REVERSE_SHELL, "Shells that connect to another machine", Critical, "MITRE ATT&CK T1059"),
    check("code_destructive_command", DESTRUCTIVE_COMMAND, "Commands that destroy disks, folders or databases", High, "MITRE ATT&CK T1485"),
    check("code_disguised_command", DISGUISED_COMMAND, "Commands for a tool that hide what they run", High, "MITRE ATT&CK T1027"),
    check("code_sends_data", SENDS_DATA, "Commands for a tool that send files or what they read", High, "MITRE ATT&CK T1048"),
    check("code_credential_file", CREDENTIAL_FILE, "Files with credentials in commands and paths for a tool", High, "MITRE ATT&CK T1552"),
    check("code_persistence", PERSISTENCE, "Commands for a tool that change what starts by itself", High, "MITRE ATT&CK T1547"),
    Declaration::new("lookalike", LOOKALIKE, "What has the form of a credential, whether or not it can be one", Form::Judged, "Portcullis: forms of the catalogue").confidence(0.6),
    check("code_unknown_package", UNKNOWN_PACKAGE, "Packages that are in no list, or almost named like a well-known one", Low, "CWE-1357").confidence(0.5),
];
