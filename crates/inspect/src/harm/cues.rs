//! What is said about a subject: what somebody wants of it, how, and in which frame.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::passage::STOP;
use super::subjects::Family;

/// What a word or phrase tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// Bringing it into being.
    Make,
    /// Getting hold of it.
    Acquire,
    /// Letting it loose.
    Spread,
    /// Making it fit to harm.
    Weaponise,
    /// The opposite: finding, treating, preventing, destroying.
    Guard,
    /// Somebody wants to be told or be given.
    Ask,
    /// Down to the particulars.
    Detail,
    /// Hurting people, or not being caught.
    Malice,
    /// Wants to understand, not to do.
    Inform,
    Frame(Frame),
}

/// In what kind of talk subjects are named by people who want no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    History,
    Law,
    Medicine,
    Safety,
    Study,
    Press,
    Story,
    Industry,
}

struct Entry {
    cue: Cue,
    /// Only with subjects of these families; all when empty.
    families: &'static [Family],
    /// Words with one space between; `*` at the end stands for any ending.
    phrases: &'static [&'static str],
}

const fn any(cue: Cue, phrases: &'static [&'static str]) -> Entry {
    Entry { cue, families: &[], phrases }
}

const fn only(cue: Cue, families: &'static [Family], phrases: &'static [&'static str]) -> Entry {
    Entry { cue, families, phrases }
}

#[rustfmt::skip]
static ENTRIES: &[Entry] = &[
    any(Cue::Make, &[
        "make", "makes", "making", "made", "build", "builds", "building", "built", "construct*",
        "create", "creating", "created", "creation", "produc*", "manufactur*", "synthesi*",
        "prepare", "preparing", "prepared", "preparation", "assembl*", "craft*", "fabricat*",
        "formulat*", "develop", "developing", "developed", "engineer", "engineering", "herstellen",
        "bauen", "fabriquer", "fabricar", "put together", "set up", "mix", "mixing",
    ]),
    only(Cue::Make, &[Family::Chemical, Family::Biological], &[
        "extract*", "purif*", "isolat*", "distil*", "cook", "cooking", "brew*", "concentrat*",
    ]),
    only(Cue::Make, &[Family::Biological], &[
        "cultur*", "cultivat*", "grow", "growing", "grown", "breed*", "amplif*", "propagat*",
        "reconstruct*", "modify", "modifying", "enhance", "enhancing", "mutat*",
    ]),
    only(Cue::Make, &[Family::Nuclear], &["enrich*", "reprocess*", "refin*"]),
    only(Cue::Make, &[Family::Weapons], &["print", "printing", "mill", "milling", "convert*", "rig", "wire"]),
    only(Cue::Make, &[Family::Cyber], &[
        "write", "writing", "code", "coding", "program", "programming", "generate", "design",
        "compile", "implement",
    ]),
    any(Cue::Acquire, &[
        "buy", "buying", "obtain*", "acquir*", "get hold of", "purchas*", "steal*", "smuggl*",
        "get my hands on", "procure*", "order", "ordering", "source", "sourcing",
    ]),
    any(Cue::Spread, &[
        "aerosoli*", "dispers*", "disseminat*", "releas*", "spray*", "contaminat*", "detonat*",
        "set off", "unleash*", "deploy*", "infect people", "infect a", "poison", "spread", "spreading",
    ]),
    any(Cue::Weaponise, &["weaponi*", "militari*", "more lethal", "more deadly", "more transmissible", "more contagious"]),
    any(Cue::Guard, &[
        "detect*", "treat", "treating", "treatment*", "prevent*", "protect*", "destroy*", "dispos*",
        "neutrali*", "decontaminat*", "defus*", "remov*", "mitigat*", "identif*", "recogni*",
        "survive", "surviving", "avoid*", "ban", "banning", "report*", "stop", "stopping", "defend*",
        "clean", "cleaning", "block*", "scan*", "analy*", "combat*", "counter*", "guard*", "secure",
        "handle", "handling", "store", "storing", "cure", "curing", "vaccinat*", "regulat*", "monitor*",
        "verif*", "dismantl*", "eliminat*", "resist*", "disarm*", "investigat*", "understand*",
    ]),
    any(Cue::Ask, &[
        "how to", "how do i", "how do you", "how can i", "how can you", "how would i", "how would you",
        "how would one", "how would someone", "how could i", "how could someone", "how might",
        "how does one", "how should i", "how we can", "how i can", "ways to", "way to", "give me",
        "tell me", "show me", "teach me", "provide", "i want", "i need", "i would like", "id like",
        "help me", "walk me through", "guide me", "i am going to", "im going to", "i plan to",
        "im trying to", "i am trying to", "write me", "write a", "write an", "make me", "build me", "create a",
        "where can i", "where do i", "wie kann ich", "wie man", "anleitung", "comment", "como", "cómo",
        "lets", "please", "list the", "describe how", "explain how", "outline", "you will need", "youll need",
    ]),
    any(Cue::Detail, &[
        "step by step", "steps", "step 1", "step one", "instruction*", "recipe", "ingredients",
        "exact", "precise", "detailed", "quantit*", "amounts", "procedure", "materials", "reagents",
        "precursor*", "at home", "in my garage", "garage", "kitchen", "household", "homemade",
        "from scratch", "blueprint*", "schematic*", "yield", "tutorial", "full guide", "parts list",
        "basement", "components", "conditions", "equipment", "everyday", "hardware store", "fully working",
        "working", "functional", "synthesis route", "home lab", "walkthrough", "pharmacy", "supermarket",
    ]),
    any(Cue::Malice, &[
        "kill", "killing", "kills", "casualt*", "murder", "crowd*", "subway", "water supply", "hurt",
        "undetect*", "without getting caught", "without being", "without raising", "untraceable",
        "evade*", "evading", "bypass", "terror", "blow up", "victim*", "mass", "as many people",
        "secretly", "stadium", "revenge", "no one will", "nobody will", "unnoticed", "antivirus wont",
        "steal", "steals", "encrypts", "encrypt", "ransom", "maximum damage", "most damage", "destroy a",
        "without a license", "serial number", "my enemies", "my neighbor", "my neighbour", "my boss",
        "dont get caught", "suspicion", "black market", "dark web", "infects",
    ]),
    any(Cue::Inform, &[
        "what is", "what are", "what was", "what were", "what does", "what happens", "why", "who",
        "when was", "when did", "how did", "how was", "how were", "how does", "how has", "how have",
        "difference between", "define", "definition", "effects of", "impact of", "meaning of",
    ]),
    any(Cue::Frame(Frame::History), &[
        "history", "historical*", "historian*", "world war", "ww1", "ww2", "wwi", "wwii", "cold war",
        "ancient", "hiroshima", "nagasaki", "manhattan project", "century", "oppenheimer", "soviet",
        "1940s", "1990s", "1980s", "medieval", "invented", "inventor", "discovered", "aum shinrikyo",
    ]),
    any(Cue::Frame(Frame::Law), &[
        "treaty", "convention", "negotiat*", "policy", "policies", "regulation*", "sanction*",
        "nonproliferation", "proliferation", "arms control", "legal", "illegal", "law", "legislation",
        "opcw", "iaea", "ethic*", "government*", "un ", "compliance", "license", "debate",
    ]),
    any(Cue::Frame(Frame::Medicine), &[
        "antidote", "vaccin*", "patient*", "symptom*", "diagnos*", "hospital", "medicine", "medical",
        "therap*", "doctor", "cosmetic", "wrinkle*", "migraine", "dose", "clinical", "disease",
        "outbreak", "epidemi*", "nurse", "angina", "public health", "immun*", "infection control",
    ]),
    any(Cue::Frame(Frame::Safety), &[
        "safety", "safely", "sds", "msds", "spill", "ventilat*", "protective", "ppe", "first aid",
        "accident*", "hazard*", "exposure", "respirator", "emergency", "storage", "warning", "evacuat*",
        "awareness", "defensive", "blue team", "incident response", "sandbox", "antivirus",
    ]),
    any(Cue::Frame(Frame::Study), &[
        "homework", "exam", "lecture", "class", "lesson", "textbook", "quiz", "essay", "student*",
        "course", "chemistry", "physics", "biology", "explain what", "flashcard*", "presentation", "museum",
    ]),
    any(Cue::Frame(Frame::Press), &[
        "news", "article", "journalis*", "summari*", "documentary", "review", "translate", "headline",
        "report", "reporter", "interview", "book", "podcast", "blog post", "statistics",
    ]),
    any(Cue::Frame(Frame::Story), &[
        "novel", "movie", "film", "story", "fiction*", "character*", "game", "minecraft", "screenplay",
        "thriller", "song", "poem", "metaphor*", "scene", "recipe for dinner", "lego", "cartoon",
    ]),
    any(Cue::Frame(Frame::Industry), &[
        "reactor*", "power plant*", "fuel", "energy", "imaging", "radiotherap*", "dating", "mining",
        "fertili*", "pest*", "swimming pool", "agricultur*", "demolition", "fireworks", "quarry",
        "rocket", "welding", "railway", "waste", "smoke detector*", "cancer", "food",
    ]),
];

/// One cue in a passage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) cue: Cue,
    /// Its first word's place.
    pub(super) at: usize,
    /// How many words it has.
    pub(super) words: usize,
}

type Phrase = (&'static Entry, &'static str);

/// The entries' phrases by their first two bytes.
static PHRASES: LazyLock<HashMap<&'static [u8], Vec<Phrase>>> = LazyLock::new(|| {
    let mut by_start: HashMap<_, Vec<_>> = HashMap::new();
    for (entry, phrase) in ENTRIES.iter().flat_map(|e| e.phrases.iter().map(move |p| (e, *p))) {
        let start = start(phrase.split([' ', '*']).next().unwrap_or_default());
        by_start.entry(start).or_default().push((entry, phrase));
    }
    by_start
});

fn start(word: &str) -> &[u8] {
    &word.as_bytes()[..word.len().min(2)]
}

/// The cues among the words that count for a family, in the order of the words.
pub(super) fn seen(words: &[String], family: Family) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for (at, word) in words.iter().enumerate().filter(|(_, word)| *word != STOP) {
        let first = all.len();
        for (entry, phrase) in PHRASES.get(start(word)).into_iter().flatten() {
            let counts = entry.families.is_empty() || entry.families.contains(&family);
            let Some(words) = fit(phrase, &words[at..]).filter(|_| counts) else { continue };
            match all[first..].iter_mut().find(|seen| seen.cue == entry.cue) {
                Some(seen) => seen.words = seen.words.max(words),
                None => all.push(Seen { cue: entry.cue, at, words }),
            }
        }
    }
    all
}

/// How many words a phrase covers at the beginning of these.
fn fit(phrase: &str, words: &[String]) -> Option<usize> {
    let mut count = 0;
    for part in phrase.split(' ').filter(|part| !part.is_empty()) {
        let word = words.get(count)?;
        let fits = match part.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => word == part,
        };
        if !fits {
            return None;
        }
        count += 1;
    }
    Some(count)
}
