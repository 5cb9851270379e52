//! `cargo xtask tidy`: what must hold of the tree and no compiler checks.
//!
//! Every check gives a list of complaints. A complaint names the file and what to do; one is enough
//! to fail. Long files are only mentioned: length is a smell, not a fault.

mod architecture;
mod dependencies;
mod sizes;
mod tree;
mod words;

mod links;

use std::path::Path;

pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    println!("\n== tidy");
    let files = tree::read(root)?;
    let mut complaints = Vec::new();
    complaints.extend(architecture::check(&files));
    complaints.extend(words::check(&files));
    complaints.extend(links::check(&files));
    complaints.extend(dependencies::check(root)?);
    sizes::mention(&files);
    for complaint in &complaints {
        eprintln!("   {complaint}");
    }
    anyhow::ensure!(complaints.is_empty(), "tidy: {} complaint(s)", complaints.len());
    println!("   tidy: {} files, no complaint", files.len());
    Ok(())
}
