//! Calls that are dangerous: what is called, and what it must be given to be a finding.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::calls::{Call, Calls};
use super::lexer::{Kind, Token};
use super::values::{Value, Values};
use super::{
    DISABLED_TLS, EVAL_OF_INPUT, Found, Language, REMOTE_SCRIPT, SHELL_FROM_STRING,
    UNSAFE_DESERIALISATION, WEAK_PERMISSION, shell,
};
use crate::packages::Known;

/// What must hold of a call to a name.
#[derive(Clone, Copy, Debug)]
enum When {
    Always,
    /// The first argument is at least this.
    First(Value),
    /// The argument of this number is at least this.
    Nth(usize, Value),
    /// The first argument, and a setting such as `shell=True`.
    With(&'static str, &'static [&'static str], Value),
    /// One of these words or strings is among the arguments.
    Mentions(&'static [&'static str]),
    /// A mode that lets everybody write, and nothing that masks it.
    World,
    /// A statement of its own, so that the old mask is not kept to be set again.
    ForGood(&'static str),
    /// None of these is.
    Lacks(&'static [&'static str]),
    /// A shell and its `-c` come first, then something that is not fixed.
    ShellArgument,
    /// The call before it gave a shell's `-c`, as builders of commands do.
    AfterShellFlag,
}

struct Rule {
    languages: &'static [Language],
    /// `name` alone, `owner.name`, or `*.name` for a method of anything.
    callee: &'static str,
    when: When,
    kind: &'static str,
    why: &'static str,
}

use Language::{CSharp, Go, Java, JavaScript, Php, Python, Ruby, Rust};
use Value::{Given, Input, Made};

const EVAL: &str = "code that is not fixed is run as part of the program";
const SHELL: &str = "a shell is given a command that is put together from values";
const LOAD: &str = "loading this format runs code that the data names";
const TLS: &str = "the certificate of the other side is not checked";
const OPEN: &str = "everybody may write or run the file";
const REMOTE: &str = "what is fetched from the network is run unseen";

macro_rules! rules {
    ($($kind:ident, $why:ident, $languages:tt => [$(($callee:literal, $when:expr)),+ $(,)?];)+) => {
        &[$($(Rule {
            languages: &$languages, callee: $callee, when: $when, kind: $kind, why: $why,
        },)+)+]
    };
}

#[rustfmt::skip]
static RULES: &[Rule] = rules![
    EVAL_OF_INPUT, EVAL, [Python] => [
        ("eval", When::First(Given)), ("exec", When::First(Given)), ("builtins.eval", When::First(Given)),
        ("builtins.exec", When::First(Given)), ("code.interact", When::Always),
    ];
    EVAL_OF_INPUT, EVAL, [JavaScript] => [
        ("eval", When::First(Given)), ("window.eval", When::First(Given)), ("Function", When::First(Made)),
        ("vm.runInNewContext", When::First(Given)), ("vm.runInThisContext", When::First(Given)),
        ("setTimeout", When::First(Made)), ("setInterval", When::First(Made)),
    ];
    EVAL_OF_INPUT, EVAL, [Php] => [
        ("eval", When::First(Given)), ("create_function", When::Nth(1, Given)), ("assert", When::First(Input)),
    ];
    EVAL_OF_INPUT, EVAL, [Ruby] => [
        ("eval", When::First(Given)), ("*.instance_eval", When::First(Made)),
        ("*.class_eval", When::First(Input)), ("Kernel.eval", When::First(Given)),
    ];
    EVAL_OF_INPUT, EVAL, [Java, CSharp] => [
        ("engine.eval", When::First(Given)), ("scriptEngine.eval", When::First(Given)),
        ("CSharpScript.EvaluateAsync", When::First(Given)),
    ];
    SHELL_FROM_STRING, SHELL, [Python] => [
        ("os.system", When::First(Made)), ("os.popen", When::First(Made)),
        ("commands.getoutput", When::First(Given)), ("subprocess.getoutput", When::First(Made)),
        ("subprocess.run", When::With("shell", &["True"], Given)),
        ("subprocess.call", When::With("shell", &["True"], Given)),
        ("subprocess.Popen", When::With("shell", &["True"], Given)),
        ("subprocess.check_output", When::With("shell", &["True"], Given)),
        ("subprocess.check_call", When::With("shell", &["True"], Given)),
        ("Popen", When::With("shell", &["True"], Given)),
        ("asyncio.create_subprocess_shell", When::First(Made)),
        ("subprocess.run", When::ShellArgument), ("subprocess.call", When::ShellArgument),
        ("subprocess.check_output", When::ShellArgument), ("subprocess.Popen", When::ShellArgument),
    ];
    SHELL_FROM_STRING, SHELL, [JavaScript] => [
        ("exec", When::First(Made)), ("execSync", When::First(Made)), ("child_process.exec", When::First(Given)),
        ("child_process.execSync", When::First(Given)), ("cp.exec", When::First(Made)),
        ("cp.execSync", When::First(Made)), ("execAsync", When::First(Made)),
        ("spawn", When::With("shell", &["true"], Made)), ("execPromise", When::First(Made)),
    ];
    SHELL_FROM_STRING, SHELL, [Php] => [
        ("system", When::First(Made)), ("exec", When::First(Made)), ("shell_exec", When::First(Made)),
        ("passthru", When::First(Made)), ("popen", When::First(Made)), ("proc_open", When::First(Made)),
    ];
    SHELL_FROM_STRING, SHELL, [Ruby] => [
        ("system", When::First(Made)), ("exec", When::First(Made)), ("IO.popen", When::First(Made)),
        ("Open3.capture3", When::First(Made)), ("Open3.capture2", When::First(Made)), ("spawn", When::First(Made)),
    ];
    SHELL_FROM_STRING, SHELL, [Go] => [
        ("exec.Command", When::ShellArgument), ("exec.CommandContext", When::ShellArgument),
    ];
    SHELL_FROM_STRING, SHELL, [Rust] => [
        ("*.arg", When::AfterShellFlag),
    ];
    SHELL_FROM_STRING, SHELL, [Java] => [
        ("*.exec", When::First(Made)), ("ProcessBuilder", When::ShellArgument),
    ];
    SHELL_FROM_STRING, SHELL, [CSharp] => [
        ("Process.Start", When::Nth(1, Made)), ("Process.Start", When::First(Made)),
    ];
    UNSAFE_DESERIALISATION, LOAD, [Python] => [
        ("pickle.loads", When::First(Given)), ("pickle.load", When::First(Given)),
        ("cPickle.loads", When::First(Given)), ("cPickle.load", When::First(Given)),
        ("dill.loads", When::First(Given)), ("dill.load", When::First(Given)),
        ("cloudpickle.loads", When::First(Given)), ("marshal.loads", When::First(Given)),
        ("marshal.load", When::First(Given)), ("jsonpickle.decode", When::First(Given)),
        ("yaml.load", When::Lacks(&["SafeLoader", "CSafeLoader", "safe"])),
        ("yaml.unsafe_load", When::Always), ("yaml.full_load", When::Always), ("shelve.open", When::First(Input)),
        ("joblib.load", When::First(Input)), ("pd.read_pickle", When::First(Input)),
        ("torch.load", When::First(Input)),
    ];
    UNSAFE_DESERIALISATION, LOAD, [Php] => [("unserialize", When::Lacks(&["allowed_classes"]))];
    UNSAFE_DESERIALISATION, LOAD, [Ruby] => [
        ("Marshal.load", When::First(Given)), ("YAML.unsafe_load", When::Always), ("YAML.load", When::First(Input)),
        ("Marshal.restore", When::First(Given)),
    ];
    UNSAFE_DESERIALISATION, LOAD, [Java] => [
        ("*.readObject", When::Always), ("XMLDecoder", When::Always), ("*.enableDefaultTyping", When::Always),
    ];
    UNSAFE_DESERIALISATION, LOAD, [CSharp] => [
        ("BinaryFormatter", When::Always), ("NetDataContractSerializer", When::Always),
        ("SoapFormatter", When::Always), ("LosFormatter", When::Always),
    ];
    UNSAFE_DESERIALISATION, LOAD, [JavaScript] => [
        ("serialize.unserialize", When::First(Given)), ("unserialize", When::First(Given)),
    ];
    DISABLED_TLS, TLS, [Python] => [
        ("ssl._create_unverified_context", When::Always), ("urllib3.disable_warnings", When::Mentions(&["InsecureRequestWarning"])),
    ];
    DISABLED_TLS, TLS, [Rust] => [
        ("*.danger_accept_invalid_certs", When::Mentions(&["true"])),
        ("*.danger_accept_invalid_hostnames", When::Mentions(&["true"])),
    ];
    WEAK_PERMISSION, OPEN, [Python, JavaScript, Php, Ruby, Go] => [
        ("os.chmod", When::World), ("fs.chmod", When::World),
        ("fs.chmodSync", When::World), ("chmod", When::World),
        ("os.Chmod", When::World), ("FileUtils.chmod", When::World),
        ("*.chmod", When::World), ("File.chmod", When::World),
        ("os.umask", When::ForGood("0")), ("os.MkdirAll", When::World),
        ("os.Mkdir", When::World), ("os.WriteFile", When::World),
        ("mkdir", When::World),
    ];
];

const WORLD: &[&str] = &["0o777", "0777", "0o666", "0666"];

const SHELLS: &[&str] =
    &["sh", "bash", "/bin/sh", "/bin/bash", "zsh", "cmd", "cmd.exe", "powershell", "/usr/bin/env"];

/// Calls whose first argument a shell runs: a fixed one is read as the shell would.
#[rustfmt::skip]
const RUNS_SHELL: &[&str] = &[
    "system", "popen", "run", "call", "check_output", "check_call", "Popen", "exec", "execSync", "shell_exec",
    "passthru", "getoutput", "spawn", "Command", "execAsync", "spawnSync", "create_subprocess_shell",
];

static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static Rule>>> = LazyLock::new(|| {
    let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
    for rule in RULES {
        let name = rule.callee.rsplit('.').next().unwrap_or_default();
        by_name.entry(name).or_default().push(rule);
    }
    by_name
});

pub(super) fn check(
    calls: &Calls,
    values: &Values,
    language: Language,
    known: &Known,
    found: &mut Vec<Found>,
) {
    let imported = imported_names(calls.tokens(), language);
    for (at, token) in calls.tokens().iter().enumerate() {
        match token.kind {
            Kind::Word => {}
            Kind::Command => {
                command_string(token.text, token.at + 1, language, known, found);
                continue;
            }
            _ => continue,
        }
        let imported = imported.get(token.text).copied();
        let name = imported.map_or(token.text, |(_, name)| name);
        let rules = BY_NAME.get(name).map_or(&[][..], Vec::as_slice);
        let runs = RUNS_SHELL.contains(&name);
        if (rules.is_empty() && !runs) || !is_call(calls, at, language) {
            continue;
        }
        let Some(call) = calls.at(at) else { continue };
        let of_language = rules.iter().filter(|rule| rule.languages.contains(&language));
        let place = Place { calls, at, values, imported };
        found.extend(of_language.filter_map(|rule| judge(rule, &call, &place)).next());
        if runs {
            fixed_command(&call, known, found);
        }
    }
}

/// Whether the word is called and not defined; Ruby needs no brackets at a statement's start.
fn is_call(calls: &Calls, at: usize, language: Language) -> bool {
    let before = at.checked_sub(1).and_then(|before| calls.tokens().get(before));
    let is_defined = before.is_some_and(|t| {
        t.kind == Kind::Word
            && matches!(t.text, "def" | "function" | "func" | "fn" | "class" | "void" | "Object")
    });
    if is_defined {
        return false;
    }
    if calls.is_bracketed(at) {
        return language != JavaScript || !calls.is_method_head(at);
    }
    let next = calls.tokens().get(at + 1);
    let takes = next.is_some_and(|t| t.is_string() || t.kind == Kind::Word);
    let begins = before.is_none_or(|t| t.kind == Kind::Line || t.is(b'=') || t.is(b';'));
    language == Ruby && takes && begins
}

/// What surrounds a call.
struct Place<'a> {
    calls: &'a Calls<'a>,
    at: usize,
    values: &'a Values<'a>,
    /// The module and the name there of what the call's name was imported as.
    imported: Option<(&'a str, &'a str)>,
}

impl Place<'_> {
    fn begins_statement(&self) -> bool {
        let mut path = self.calls.tokens()[..self.at].iter().rev();
        let before = path.find(|t| t.kind != Kind::Word && !t.is(b'.'));
        before.is_none_or(|t| matches!(t.kind, Kind::Line | Kind::Mark(b';')))
    }

    /// Whether `.arg("-c")` stands right before.
    fn follows_shell_flag(&self) -> bool {
        let mut before =
            self.calls.tokens()[..self.at].iter().rev().filter(|t| t.kind != Kind::Line);
        let dot = before.next().is_some_and(|t| t.is(b'.'));
        let close = before.next().is_some_and(|t| t.is(b')'));
        dot && close && before.next().is_some_and(|t| matches!(t.text, "-c" | "/c" | "/C"))
    }
}

/// What Python's `from module import name as other` and `import module as other` bind.
fn imported_names<'a>(
    tokens: &[Token<'a>],
    language: Language,
) -> HashMap<&'a str, (&'a str, &'a str)> {
    let mut bound = HashMap::new();
    let imports =
        tokens.iter().enumerate().filter(|(_, t)| language == Python && t.text == "import");
    for (at, _) in imports {
        let module = match tokens[..at] {
            [.., from, module] if from.text == "from" => module.text,
            _ => continue,
        };
        let names = tokens[at + 1..].iter().take(MAX_IMPORTED);
        let names: Vec<_> = names.take_while(|t| t.kind != Kind::Line).map(|t| t.text).collect();
        for part in names.split(|name| matches!(*name, "," | "(" | ")")) {
            match part {
                [name] => bound.insert(*name, (module, *name)),
                [name, "as", other] => bound.insert(*other, (module, *name)),
                _ => None,
            };
        }
    }
    bound
}

/// How many tokens of one import are read.
const MAX_IMPORTED: usize = 64;

fn judge(rule: &Rule, call: &Call, place: &Place) -> Option<Found> {
    let values = place.values;
    let is_imported = call.path.is_empty()
        && place.imported.is_some_and(|(module, name)| {
            rule.callee
                .rsplit_once('.')
                .is_some_and(|(owner, last)| owner == module && last == name)
        });
    if !is_imported
        && (place.imported.is_some() && call.path.is_empty() || !is_named(rule.callee, call))
    {
        return None;
    }
    // What the same expression has just written is no stranger's data.
    if rule.kind == UNSAFE_DESERIALISATION && call.mentions(&["dumps", "dump"]) {
        return None;
    }
    let of = |number: usize| values.of_expression(call.argument(number));
    let at_least = |number: usize, least: Value| {
        let argument = call.argument(number);
        let value = of(number);
        (value >= least && !argument.is_empty() && !is_function(argument)).then_some(value)
    };
    let value = match rule.when {
        When::Always => Some(Made),
        When::First(least) => at_least(0, least),
        When::Nth(number, least) => at_least(number, least),
        When::With(name, set, least) => at_least(0, least).filter(|_| call.has_setting(name, set)),
        When::Mentions(words) => call.mentions(words).then_some(Made),
        When::Lacks(words) => (!call.mentions(words)).then_some(Made),
        When::World => {
            let is_masked =
                call.arguments.iter().any(|t| matches!(t.kind, Kind::Mark(b'&' | b'~' | b'-')));
            (call.mentions(WORLD) && !is_masked).then_some(Made)
        }
        When::ForGood(mode) => (call.mentions(&[mode]) && place.begins_statement()).then_some(Made),
        When::AfterShellFlag => at_least(0, Given).filter(|_| place.follows_shell_flag()),
        When::ShellArgument => shell_argument(call, values),
    }?;
    let confidence = match value {
        Input => 0.95,
        Made => 0.8,
        _ => 0.5,
    };
    let is_fetched =
        rule.kind == EVAL_OF_INPUT && call.mentions(&["urlopen", "requests", "fetch", "urllib"]);
    let (kind, why) = if is_fetched { (REMOTE_SCRIPT, REMOTE) } else { (rule.kind, rule.why) };
    Some(Found { kind, range: call.at..call.end, confidence, why })
}

/// Whether an argument is a function, which is code of one's own.
fn is_function(argument: &[Token]) -> bool {
    let arrow = argument.windows(2).any(|pair| pair[0].is(b'=') && pair[1].is(b'>'));
    arrow || argument.iter().take(2).any(|t| t.text == "function")
}

fn is_named(callee: &str, call: &Call) -> bool {
    match callee.rsplit_once('.') {
        None => call.path.is_empty(),
        Some(("*", _)) => !call.path.is_empty(),
        // `__import__('os').system(…)`: what a call gives is taken for the module.
        Some(("os" | "subprocess", _)) if call.path == [""] => true,
        Some((owner, _)) => call.path.first() == Some(&owner),
    }
}

/// `"sh", "-c", x` among the arguments, where `x` is not fixed.
fn shell_argument(call: &Call, values: &Values) -> Option<Value> {
    let flag = call
        .arguments
        .iter()
        .position(|t| t.kind == Kind::Text && matches!(t.text, "-c" | "/c" | "/C" | "-Command"))?;
    let is_shell = call.arguments[..flag].iter().any(|t| SHELLS.contains(&t.text));
    let rest = call.arguments.get(flag + 2..).filter(|_| is_shell)?;
    let value = values.of_expression(rest);
    (value >= Given).then_some(value)
}

/// The fixed command that a call runs, or the fixed list of its words, as a shell reads it.
fn fixed_command(call: &Call, known: &Known, found: &mut Vec<Found>) {
    let words: Vec<_> = call.argument(0).iter().filter(|t| t.is_string()).collect();
    match words.as_slice() {
        [] => {}
        [one] => shell::check_at(one.text, one.at + 1, known, found),
        many => {
            let line = many.iter().map(|t| t.text).collect::<Vec<_>>().join(" ");
            shell::check_covered(&line, call.at..call.end, known, found);
        }
    }
}

fn command_string(
    text: &str,
    at: usize,
    language: Language,
    known: &Known,
    found: &mut Vec<Found>,
) {
    let hole = if language == Ruby { "#{" } else { "$" };
    if text.contains(hole) {
        let range = at..at + text.len();
        found.push(Found { kind: SHELL_FROM_STRING, range, confidence: 0.8, why: SHELL });
    }
    shell::check_at(text, at, known, found);
}
