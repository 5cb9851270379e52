//! The command line: what is asked, and the exit status that answers it.
//!
//! Exit status: 0 done; 1 it failed; 2 wrong usage or configuration; 3 a check found what it
//! looks for. Each command is a file of its own beside this one.

mod access;
mod agent;
mod agent_certificate;
mod agent_key;
mod approval;
mod config;
mod containment;
mod demo;
mod docs;
mod doctor;
mod exit;
mod inspect;
mod ledger;
mod output;
mod person;
mod place;
mod policy;
mod provider;
mod review;
mod selftest;
mod server;
mod session;
mod sign;
mod table;
mod tenant;
mod tool;
mod up;
mod user;
mod witness;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use model::TenantId;

pub use exit::{Exit, Failure};
pub use output::Output;
pub(crate) use table::Table;

use crate::config::Environment;

type Result = std::result::Result<Exit, Failure>;

/// Portcullis: the security control plane for AI agents
///
/// It stands between agents and what they touch, decides on every action, and proves afterwards
/// what happened.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100, after_help = EXAMPLE)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLE: &str = "\
Example:
  portcullis demo
  portcullis config example > portcullis.toml
  portcullis config check
  portcullis doctor

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 a check found something";

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// The configuration file [default: portcullis.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: Option<PathBuf>,
    /// Write JSON for machines
    #[arg(long, global = true)]
    pub json: bool,
    /// Act on the instance at this address, with the token in PORTCULLIS_TOKEN, rather than on
    /// the one of the data folder
    #[arg(long, global = true, value_name = "URL", env = "PORTCULLIS_SERVER")]
    pub server: Option<String>,
    /// Act in this tenant rather than in `main`; what is done stands in its own log
    #[arg(long, global = true, value_name = "NAME", env = "PORTCULLIS_TENANT")]
    pub tenant: Option<TenantId>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gate, the admin API and what belongs to them, until told to stop
    Up(up::Arguments),
    Demo(demo::Arguments),
    /// Agents: who may act
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis agent add support-bot --role support\n  portcullis agent list"
    )]
    Agent(agent::Command),
    /// People on whose behalf agents act
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis person add ann@example.com --scope mail.read\n  portcullis person disable ann@example.com"
    )]
    Person(person::Command),
    /// Who this instance serves, each with agents, people, policies and a log of its own
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis tenant list\n  portcullis --tenant acme agent list"
    )]
    Tenant(tenant::Command),
    Sign(Box<sign::Arguments>),
    /// Model APIs behind the gate
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis provider suspend openai --reason \"key leaked\""
    )]
    Provider(provider::Command),
    /// MCP servers behind the gate
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis server suspend files --reason \"poisoned tool\""
    )]
    Server(server::Command),
    /// Tools of MCP servers: what was agreed of each, and what waits
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis tool list --held\n  portcullis tool diff files/read_file"
    )]
    Tool(tool::Command),
    /// The kill switch: what is held now, and everything at once
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis containment stop-everything --reason \"drill\""
    )]
    Containment(containment::Command),
    /// Calls that a policy holds until a person has approved them
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis approval list\n  portcullis approval approve act_0190c2f0-0000-7000-8000-000000000000"
    )]
    Approval(approval::Command),
    /// Policies: check, test, put in force
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis policy check\n  portcullis policy test"
    )]
    Policy(policy::Command),
    /// Run the detectors over a file or standard input
    Inspect(inspect::Arguments),
    /// The log: verify, search, prove
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis ledger search --agent support-bot\n  portcullis ledger verify portcullis-data/ledger/main"
    )]
    Ledger(Box<ledger::Command>),
    Witness(witness::Arguments),
    /// Who may log in to the console; admin tokens for people and programs
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis user add ann@example.com --role auditor"
    )]
    User(user::Command),
    /// Roles for some time: who asks for one, and who says yes
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis access list\n  portcullis access approve 0f3c2a"
    )]
    Access(access::Command),
    /// Access reviews: who may do what, when they last did, and what stays
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis review start\n  portcullis review show 1 --undecided"
    )]
    Review(review::Command),
    /// Send canaries through the running gate, and say of each control whether it works
    Selftest(selftest::Arguments),
    /// Look for what is wrong with an installation, and say how to mend it
    Doctor(doctor::Arguments),
    /// The configuration: check it, or print an example or the reference
    #[command(subcommand, after_help = "Example:\n  portcullis config check")]
    Config(config::Command),
    /// Print a page that is made from the code
    #[command(hide = true)]
    Docs(docs::Arguments),
}

/// Runs what the process was asked for.
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    run(std::env::args_os(), &environment).into()
}

/// Runs one command line.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; anything else is wrong usage.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit;
        }
    };
    let mut output = Output::of_process(cli.global.json, environment);
    match dispatch(&cli.global, cli.command, environment, &mut output) {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit()
        }
    }
}

fn dispatch(
    global: &Global,
    command: Command,
    environment: &Environment,
    output: &mut Output,
) -> Result {
    let session = session::Session::new(global, environment);
    match command {
        Command::Up(arguments) => up::run(&arguments, &session, output),
        Command::Demo(arguments) => demo::run(&arguments, output),
        Command::Agent(command) => agent::run(command, &session, output),
        Command::Person(command) => person::run(&command, &session, output),
        Command::Tenant(command) => tenant::run(&command, &session, output),
        Command::Sign(arguments) => sign::run(&arguments, output),
        Command::Provider(command) => provider::run(&command, &session, output),
        Command::Server(command) => server::run(&command, &session, output),
        Command::Tool(command) => tool::run(&command, &session, output),
        Command::Containment(command) => containment::run(&command, &session, output),
        Command::Approval(command) => approval::run(&command, &session, output),
        Command::Policy(command) => policy::run(&command, &session, output),
        Command::Inspect(arguments) => inspect::run(&arguments, &session, output),
        Command::Ledger(command) => ledger::run(&command, &session, output),
        Command::Witness(arguments) => witness::run(&arguments, output),
        Command::User(command) => user::run(&command, &session, output),
        Command::Access(command) => access::run(&command, &session, output),
        Command::Review(command) => review::run(&command, &session, output),
        Command::Selftest(arguments) => selftest::run(&arguments, &session, output),
        Command::Doctor(arguments) => doctor::run(&arguments, &session, output),
        Command::Config(command) => config::run(&command, &session, output),
        Command::Docs(arguments) => docs::run(&arguments, output),
    }
}
