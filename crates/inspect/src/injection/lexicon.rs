//! Words by what they do in a sentence that gives orders, in the languages that we know best.

use std::sync::LazyLock;

/// What a sentence shows: a set of [`Sign`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs(u64);

impl Signs {
    pub(super) fn add(&mut self, sign: Sign) {
        self.0 |= 1 << (sign as u64);
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn has(self, sign: Sign) -> bool {
        self.0 & (1 << (sign as u64)) != 0
    }

    /// The numbers of the signs, in order.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let number = rest.trailing_zeros();
            (rest != 0).then(|| {
                rest &= rest - 1;
                number
            })
        })
    }
}

macro_rules! signs {
    ($($name:ident = $number:literal, $says:literal;)+) => {
        /// One thing that a sentence may show.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Sign { $($name = $number,)+ }

        impl Sign {
            /// The sign as a reason gives it; empty where it is none alone.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)+ }
            }

            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

signs! {
    Send = 0, "wants something sent or paid";
    Change = 1, "wants something changed or deleted";
    Write = 2, "sets a task";
    Read = 3, "wants something looked up or opened";
    Ignore = 4, "wants something ignored";
    Earlier = 5, "";
    Instruction = 6, "speaks of instructions";
    Model = 7, "speaks of the model";
    You = 8, "";
    My = 9, "";
    User = 10, "speaks of the user";
    Secret = 11, "speaks of secrets";
    Secrecy = 12, "asks for secrecy";
    Urgent = 13, "presses";
    Answer = 14, "says how to answer";
    Reveal = 15, "wants something revealed";
    Role = 16, "hands out a role";
    Free = 17, "speaks of a model without limits";
    Question = 18, "";
    All = 19, "";
    Not = 20, "";
    Polite = 21, "";
    System = 22, "claims authority over the system";
    Tool = 23, "speaks of tools";
    Next = 24, "";
    Mail = 25, "names a mail address";
    Url = 26, "names an address on the web";
    Account = 27, "names an account";
    Amount = 28, "";
    Quoted = 29, "";
    Template = 30, "imitates a chat template";
    RoleMark = 31, "begins like a turn of the conversation";
    Hashes = 32, "begins like a section of a prompt";
    Tag = 33, "stands in a tag of its own";
    Comment = 34, "stands in a comment";
    Hidden = 35, "cannot be seen when the page is shown";
    Invisible = 36, "holds invisible characters";
    Shout = 37, "shouts";
    Identifier = 38, "";
    Foreign = 39, "";
    First = 40, "";
    Last = 41, "";
    OwnLine = 42, "";
    InFields = 43, "";
    InMarkup = 44, "";
    InCode = 45, "";
    InTable = 46, "";
    Alone = 47, "";
    Imperative = 48, "gives an order";
    Inner = 49, "speaks of how the model was set up";
    Plea = 50, "claims a right or a duty";
}

const WORDS: &[(Sign, &str)] = &[
    (
        Sign::Send,
        "send forward email mail transfer wire pay share upload post publish submit provide deliver \
         sende schicke überweise leite envoie envoyer vire transmets envía envia transfiere manda \
         invia inoltra trasferisci transfira stuur",
    ),
    (
        Sign::Change,
        "delete remove erase change update reset set modify disable cancel grant unlock add create \
         invite install download overwrite register replace move turn switch insert append include \
         lösche ändere entferne supprime modifie change efface borra elimina cambia cancella \
         rimuovi apague exclua verwijder",
    ),
    (
        Sign::Write,
        "write explain translate describe summarise summarize list compose draft generate calculate \
         solve name recommend suggest correct define convert paraphrase outline tell give say \
         schreibe schreib erkläre übersetze nenne sag écris explique traduis donne dis escribe \
         explica traduce di dime scrivi spiega traduci dammi escreva explique",
    ),
    (
        Sign::Read,
        "find search get retrieve read open look fetch collect extract visit click navigate browse \
         access check suche öffne lies cherche ouvre lis busca abre lee cerca apri leggi",
    ),
    (
        Sign::Ignore,
        "annul nullify suspend sidestep circumvent evade abandon violate break defy disobey rescind revoke negate drop lift \
         deactivate bypassing overriding overlooking unlearn übergehe überschreite breche verwirf contourne dépasse abandonne désobéis enfreins \
         supera evita viola desobedece anula sospendi trascura aggira desvia desconsidere desobedeça supere ignoriši zaboravi обойди нарушь \
         ignore disregard forget override bypass discard overlook skip neglect supersede ignoring \
         ignoriere vergiss missachte umgehe oublie oubliez ignorez ignora olvida dimentica esqueça \
         negeer vergeet zignoruj zapomnij игнорируй забудь",
    ),
    (
        Sign::Earlier,
        "previous prior above earlier preceding former foregoing original initial before past \
         previously vorherigen bisherigen vorigen obigen précédentes précédente anteriores previas \
         anterior precedenti precedente prévias vorige eerdere",
    ),
    (
        Sign::Instruction,
        "guidance brief briefing preamble protocol protocols procedure procedures mandate doctrine befehl richtlinien direktiven ordre ordres \
         directive commandes comando comandos órdenes orden directrices ordini comandi direttive diretrizes ordens normas norme normes инструкции правила \
         instruction instructions prompt prompts rule rules guideline guidelines directive \
         directives order orders command commands task tasks request requests anweisung anweisungen \
         regeln vorgaben befehle aufgabe instructions consignes règles tâche instrucciones reglas \
         tarea istruzioni regole compito instruções regras instructies opdrachten",
    ),
    (
        Sign::Model,
        "assistant ai model llm chatbot gpt chatgpt bot agent claude gemini copilot llama ki \
         assistent modell modèle asistente modelo assistente modello ia",
    ),
    (
        Sign::You,
        "you your you're yourself u du dein deine deinen sie ihre tu ton ta tes vous votre vos tú \
         tus usted il tuo tua tue você seu sua je jouw",
    ),
    (Sign::My, "my me i mine i'm mein meine mir ich mon ma mes moi mi mis mio mia meu minha"),
    (
        Sign::User,
        "user users user's customer human reader benutzer nutzer utilisateur usuario utente",
    ),
    (
        Sign::Secret,
        "classified concealed undisclosed private versteckten caché cachées oculto ocultas oculta nascosto nascoste secreta secretas \
         secret secrets password passwords token tokens key keys credential credentials pin code \
         confidential hidden private passwort geheim geheimen mot contraseña secreto segreto senha",
    ),
    (
        Sign::Secrecy,
        "silently secretly quietly discreetly inform notify mention alert unnoticed covertly \
         heimlich discrètement secretamente",
    ),
    (
        Sign::Urgent,
        "important urgent immediately attention must mandatory required critical priority asap \
         crucial essential now wichtig sofort achtung urgente importante immédiatement",
    ),
    (
        Sign::Answer,
        "answer answers reply replies response responses output respond summary antwort antworte \
         réponse réponds respuesta responde risposta rispondi resposta responda",
    ),
    (
        Sign::Reveal,
        "unveil share expose exhibit divulge surface uncover spill quote reproduce unmask disclosing revealing sharing exposing enthülle offenbare \
         teile dévoile expose partage divulgue exhiba comparte expón enseña svela esponi condividi exponha exiba compartilhe раскрой покажи \
         reveal print show repeat display disclose leak expose recite echo dump zeige verrate nenne \
         wiederhole montre révèle affiche répète muestra revela repite mostra rivela svela mostre",
    ),
    (
        Sign::Role,
        "persona clone twin portray embody impersonating roleplaying version interpreta comporte compórtate comportati aja agis actua \
         act pretend role roleplay play simulate imagine character persona impersonate become spiele \
         rolle joue rôle actúa finge recita finja",
    ),
    (
        Sign::Free,
        "constraints constraint boundaries boundary barriers safeguards guardrails shackles chains limitless unbound unchained liberated unlocked \
         unlimited protections protective unaligned alignment grenzen règles límites limiti limitações restricoes \
         unrestricted uncensored unfiltered limits limitations restrictions filter filters freedom \
         jailbreak jailbroken dan ethics ethical moral illegal unethical censorship safety policy \
         policies einschränkungen restricciones restrictions limites",
    ),
    (
        Sign::Question,
        "what who how why which when where was wer wie warum quel quelle comment pourquoi qué cómo \
         quién che cosa come chi",
    ),
    (
        Sign::All,
        "all every everything any entire whole each alle alles tous toutes tout todas todos tutte tutti",
    ),
    (
        Sign::Not,
        "not never don't no dont cannot can't nicht nie kein ne pas jamais nunca non mai não",
    ),
    (Sign::Polite, "please kindly bitte s'il merci por favor"),
    (
        Sign::System,
        "authentication clearance authorization maintenance diagnostic diagnostics calibration audit compliance verified \
         system admin administrator developer root sudo mode debug operator override authorized \
         authorised systemprompt système sistema",
    ),
    (
        Sign::Tool,
        "tool tools function functions call invoke api argument arguments parameter parameters plugin execute run",
    ),
    (
        Sign::Inner,
        "programming training trained initialization initialisation configuration configured setup parameters settings preparation architecture core \
         behavior behaviour behavioral behavioural conditioning prompt prompts programmierung grundprogrammierung konfiguration entrenamiento \
         programación configuración programmation configuration formation addestramento programmazione configurazione programação treinamento configuração",
    ),
    (
        Sign::Plea,
        "transparency honesty honest trust deserve entitled authorised authorized ethically research researcher thesis study promised promise unless \
         otherwise consequences reward tip recommend legally proof verify because",
    ),
    (
        Sign::Next,
        "instead then after next also additionally new finally following first henceforth stattdessen dann zuerst ensuite puis luego después poi",
    ),
];

const SLOTS: usize = 2048;

/// Hashes of words to signs, open addressing.
static TABLE: LazyLock<Vec<(u32, u64)>> = LazyLock::new(|| {
    let mut table = vec![(0, 0); SLOTS];
    for (sign, words) in WORDS {
        for word in words.split_whitespace() {
            let hash = super::features::word_hash(word);
            if let Some(slot) = probe(&table, hash).and_then(|at| table.get_mut(at)) {
                *slot = (hash, slot.1 | 1 << (*sign as u64));
            }
        }
    }
    table
});

/// The slot of a hash, or the free one where it would be.
fn probe(table: &[(u32, u64)], hash: u32) -> Option<usize> {
    let start = hash as usize % SLOTS;
    (start..start + SLOTS)
        .map(|at| at % SLOTS)
        .find(|&at| table.get(at).is_some_and(|slot| slot.0 == hash || slot.0 == 0))
}

/// The signs of a word, by its hash.
pub(super) fn signs_of(hash: u32) -> Signs {
    let table = &*TABLE;
    Signs(
        probe(table, hash)
            .and_then(|at| table.get(at))
            .map_or(0, |slot| if slot.0 == hash { slot.1 } else { 0 }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::injection::features::word_hash;

    #[test]
    fn knows_its_words_and_no_others() {
        assert!(signs_of(word_hash("disregard")).has(Sign::Ignore));
        assert!(signs_of(word_hash("überweise")).has(Sign::Send));
        assert_eq!(signs_of(word_hash("kitchen")), Signs::default());
    }

    #[test]
    fn numbers_come_back() {
        let mut signs = Signs::default();
        signs.add(Sign::Mail);
        signs.add(Sign::Imperative);
        assert_eq!(signs.numbers().collect::<Vec<_>>(), [25, 48]);
    }
}
