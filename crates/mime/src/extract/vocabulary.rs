//! The keywords of every language, from `vocabulary/*.txt`. The format of these files is in the README of this crate.

mod dotted;

use std::{borrow::Cow, collections::HashSet};

use dotted::folded_dots;

/// What a keyword says about the text near it. The order of the variants is the order of [`all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Keyword {
    /// A code is near. What it is for is not said.
    Code,
    /// A one-time code is near, and of no other kind.
    OneTimeCode,
    /// Codes to regain an account with, of which a mail lists several. It is a [`Keyword::OneTimeCode`] too.
    RecoveryCode,
    /// Beside a [`Keyword::Code`] it names a code of another kind: a product, a country.
    OtherCode,
    /// Something that the reader does with a code.
    CallToAction,
    /// What a code opens, or that it opens: a locker, a door.
    Opens,
    /// A password. What is right behind it is a [`Keyword::Code`].
    Password,
    /// In a subject: the mail shows what somebody wrote on a document.
    Comment,
    /// The subject of the mail: the number is there.
    SubjectLine,
    /// When a code expires.
    Expiry,
    /// The next number is of another kind: an order, a telephone number.
    Label,
    /// Part of a postal address, in which `PIN` is a postal code.
    Address,
    /// Codes near it are coupons.
    Promo,
    /// The number before it is a count.
    Unit,
    /// The number before it was not accepted.
    Failed,
    /// The number on either side of it is a price.
    Money,
    /// A link to unsubscribe.
    Unsubscribe,
    /// A link to reset a password.
    Reset,
    /// A link to verify an address or to sign in.
    Verify,
    /// The link is about a purchase or a booking, whatever it asks to confirm.
    Purchase,
    /// A parcel, whose code opens a locker.
    Parcel,
    /// The link refuses or reports something, or leads to a page.
    OtherLink,
    /// A sentence that begins with it leads to an article. It is an [`Keyword::OtherLink`] too.
    Article,
    /// The reader did not ask for what the mail offers, or cancels it. It is an [`Keyword::OtherLink`] too.
    Denied,
    /// An anchor text that says nothing; the sentence around it does.
    VagueAnchor,
    /// Has no meaning, although a part of it is a keyword.
    Ignored,
    /// Signs a device out, with the verb of those who unsubscribe: `Alle Ger\u{e4}te abmelden`.
    SignOut,
}

/// The meaning of a small word, which is looked up only beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Word {
    /// Joins a name with its value: `is`.
    Copula,
    /// Stands between a label and its number: `no.`.
    Number,
    /// Names digits as such: `the number`.
    Digits,
    /// Stands between a verb and the number that it asks for: `please`.
    Polite,
    /// Marks a number as the object of a verb after it.
    Object,
    /// Presents a number that the subject announced: `here it is`.
    Presents,
    /// Makes a number the means of what is opened: `with`.
    With,
    /// A verb that makes a number before it open something: `opens`.
    Opener,
    /// Begins the words for what a number does: `to approve`.
    Purpose,
    /// The whole sentence before a number: `Press`.
    Order,
    /// Belongs to the verb before a number: `geben Sie 482913 ein`.
    Particle,
    /// The whole text of a link that unsubscribes: `remove`.
    Leave,
    /// Begins or ends the text of a link that stops mail: `turn off`, beside a [`Word::Mailing`].
    Stop,
    /// Mail of one kind: `alerts`.
    Mailing,
    /// A frequent word: its language has a vocabulary.
    Common,
    /// In a URL: it unsubscribes.
    UrlUnsubscribe,
    /// In a URL: it resets a password.
    UrlReset,
    /// In a URL: it verifies an address or signs in.
    UrlVerify,
    /// In a URL: it invites, to an account or to a page.
    UrlInvite,
    /// In a URL: a subscription. It unsubscribes, unless something is verified.
    UrlSubscription,
    /// In a URL: a record that a number identifies.
    UrlRecord,
    /// In a URL: what it asks is refused.
    UrlRefuse,
    /// In a URL: a page of administrators or moderators.
    UrlAdmin,
}

impl Word {
    /// Returns the bit that stands for the meaning in a set.
    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Reports whether it is looked up in URLs only.
    pub(super) fn is_of_url(self) -> bool {
        matches!(
            self,
            Self::UrlUnsubscribe
                | Self::UrlReset
                | Self::UrlVerify
                | Self::UrlInvite
                | Self::UrlSubscription
                | Self::UrlRecord
                | Self::UrlRefuse
                | Self::UrlAdmin
        )
    }
}

/// The languages whose capital of `i` is `\u{130}`: Azerbaijani and Turkish.
const DOTTED: [&str; 2] = [
    include_str!("../../vocabulary/az.txt"),
    include_str!("../../vocabulary/tr.txt"),
];
const FILES: [&str; 110] = [
    include_str!("../../vocabulary/af.txt"),
    include_str!("../../vocabulary/am.txt"),
    include_str!("../../vocabulary/ar.txt"),
    include_str!("../../vocabulary/as.txt"),
    DOTTED[0],
    include_str!("../../vocabulary/be.txt"),
    include_str!("../../vocabulary/bg.txt"),
    include_str!("../../vocabulary/bn.txt"),
    include_str!("../../vocabulary/bo.txt"),
    include_str!("../../vocabulary/br.txt"),
    include_str!("../../vocabulary/ca.txt"),
    include_str!("../../vocabulary/ceb.txt"),
    include_str!("../../vocabulary/cs.txt"),
    include_str!("../../vocabulary/cy.txt"),
    include_str!("../../vocabulary/da.txt"),
    include_str!("../../vocabulary/de.txt"),
    include_str!("../../vocabulary/dv.txt"),
    include_str!("../../vocabulary/el.txt"),
    include_str!("../../vocabulary/en.txt"),
    include_str!("../../vocabulary/eo.txt"),
    include_str!("../../vocabulary/es.txt"),
    include_str!("../../vocabulary/et.txt"),
    include_str!("../../vocabulary/eu.txt"),
    include_str!("../../vocabulary/fa.txt"),
    include_str!("../../vocabulary/fi.txt"),
    include_str!("../../vocabulary/fo.txt"),
    include_str!("../../vocabulary/fr.txt"),
    include_str!("../../vocabulary/fy.txt"),
    include_str!("../../vocabulary/ga.txt"),
    include_str!("../../vocabulary/gd.txt"),
    include_str!("../../vocabulary/gl.txt"),
    include_str!("../../vocabulary/gu.txt"),
    include_str!("../../vocabulary/ha.txt"),
    include_str!("../../vocabulary/he.txt"),
    include_str!("../../vocabulary/hi.txt"),
    include_str!("../../vocabulary/hr.txt"),
    include_str!("../../vocabulary/ht.txt"),
    include_str!("../../vocabulary/hu.txt"),
    include_str!("../../vocabulary/hy.txt"),
    include_str!("../../vocabulary/id.txt"),
    include_str!("../../vocabulary/ig.txt"),
    include_str!("../../vocabulary/is.txt"),
    include_str!("../../vocabulary/it.txt"),
    include_str!("../../vocabulary/ja.txt"),
    include_str!("../../vocabulary/jv.txt"),
    include_str!("../../vocabulary/ka.txt"),
    include_str!("../../vocabulary/kk.txt"),
    include_str!("../../vocabulary/km.txt"),
    include_str!("../../vocabulary/kn.txt"),
    include_str!("../../vocabulary/ko.txt"),
    include_str!("../../vocabulary/ku.txt"),
    include_str!("../../vocabulary/ky.txt"),
    include_str!("../../vocabulary/lb.txt"),
    include_str!("../../vocabulary/lo.txt"),
    include_str!("../../vocabulary/lt.txt"),
    include_str!("../../vocabulary/lv.txt"),
    include_str!("../../vocabulary/mg.txt"),
    include_str!("../../vocabulary/mi.txt"),
    include_str!("../../vocabulary/mk.txt"),
    include_str!("../../vocabulary/ml.txt"),
    include_str!("../../vocabulary/mn.txt"),
    include_str!("../../vocabulary/mr.txt"),
    include_str!("../../vocabulary/ms.txt"),
    include_str!("../../vocabulary/mt.txt"),
    include_str!("../../vocabulary/my.txt"),
    include_str!("../../vocabulary/ne.txt"),
    include_str!("../../vocabulary/nl.txt"),
    include_str!("../../vocabulary/no.txt"),
    include_str!("../../vocabulary/ny.txt"),
    include_str!("../../vocabulary/oc.txt"),
    include_str!("../../vocabulary/or.txt"),
    include_str!("../../vocabulary/pa.txt"),
    include_str!("../../vocabulary/pl.txt"),
    include_str!("../../vocabulary/ps.txt"),
    include_str!("../../vocabulary/pt.txt"),
    include_str!("../../vocabulary/ro.txt"),
    include_str!("../../vocabulary/ru.txt"),
    include_str!("../../vocabulary/rw.txt"),
    include_str!("../../vocabulary/sc.txt"),
    include_str!("../../vocabulary/sd.txt"),
    include_str!("../../vocabulary/shared.txt"),
    include_str!("../../vocabulary/si.txt"),
    include_str!("../../vocabulary/sk.txt"),
    include_str!("../../vocabulary/sl.txt"),
    include_str!("../../vocabulary/sn.txt"),
    include_str!("../../vocabulary/so.txt"),
    include_str!("../../vocabulary/sq.txt"),
    include_str!("../../vocabulary/sr.txt"),
    include_str!("../../vocabulary/st.txt"),
    include_str!("../../vocabulary/su.txt"),
    include_str!("../../vocabulary/sv.txt"),
    include_str!("../../vocabulary/sw.txt"),
    include_str!("../../vocabulary/ta.txt"),
    include_str!("../../vocabulary/te.txt"),
    include_str!("../../vocabulary/tg.txt"),
    include_str!("../../vocabulary/th.txt"),
    include_str!("../../vocabulary/ti.txt"),
    include_str!("../../vocabulary/tl.txt"),
    DOTTED[1],
    include_str!("../../vocabulary/tt.txt"),
    include_str!("../../vocabulary/ug.txt"),
    include_str!("../../vocabulary/uk.txt"),
    include_str!("../../vocabulary/ur.txt"),
    include_str!("../../vocabulary/uz.txt"),
    include_str!("../../vocabulary/vi.txt"),
    include_str!("../../vocabulary/xh.txt"),
    include_str!("../../vocabulary/yi.txt"),
    include_str!("../../vocabulary/yo.txt"),
    include_str!("../../vocabulary/zh.txt"),
    include_str!("../../vocabulary/zu.txt"),
];

/// Returns every keyword with its meaning, ordered by meaning, so that the order of the files has no effect.
pub(super) fn all() -> Vec<(Keyword, &'static str)> {
    let entries = FILES.into_iter().flat_map(entries);
    let meanings = |keyword| match keyword {
        Keyword::RecoveryCode => [Some(Keyword::OneTimeCode), Some(keyword)],
        Keyword::Article | Keyword::Denied => [Some(Keyword::OtherLink), Some(keyword)],
        _ => [Some(keyword), None],
    };
    let mut keywords: Vec<_> = entries
        .filter_map(|(section, entry)| Some((meanings(keyword(section)?), entry)))
        .flat_map(|(keywords, entry)| {
            keywords
                .into_iter()
                .flatten()
                .map(move |keyword| (keyword, entry))
        })
        .collect();
    keywords.sort_by_key(|(keyword, _)| *keyword);
    keywords
}

/// Returns the keywords of the languages with a dotted capital, as they are after folding: `\u{130}` becomes `\u{131}`.
pub(super) fn dotted() -> Vec<(Keyword, String)> {
    let known: HashSet<&str> = DOTTED
        .into_iter()
        .flat_map(entries)
        .map(|(_, entry)| entry)
        .collect();
    let all = all().into_iter().filter(|(_, entry)| known.contains(entry));
    all.flat_map(|(keyword, entry)| folded_dots(entry).map(move |form| (keyword, form)))
        .collect()
}

/// Returns every small word with its meaning.
pub(super) fn words() -> impl Iterator<Item = (Word, Cow<'static, str>)> {
    let of_file = |file: &'static str| {
        let is_dotted = DOTTED.contains(&file);
        entries(file).flat_map(move |(section, entry)| {
            let forms = is_dotted.then(|| folded_dots(entry)).into_iter().flatten();
            let forms = std::iter::once(Cow::Borrowed(entry)).chain(forms.map(Cow::Owned));
            forms.filter_map(move |form| Some((word(section)?, form)))
        })
    };
    FILES.into_iter().flat_map(of_file)
}

/// Returns the entries of one file with their sections.
fn entries(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut section = None;
    file.lines().filter_map(move |line| {
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        if let Some(name) = section_name(line) {
            section = Some(name);
            return None;
        }
        section.map(|section| (section, line))
    })
}

fn section_name(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

fn keyword(section: &str) -> Option<Keyword> {
    Some(match section {
        "code" => Keyword::Code,
        "one-time-code" => Keyword::OneTimeCode,
        "recovery-code" => Keyword::RecoveryCode,
        "other-code" => Keyword::OtherCode,
        "opens" => Keyword::Opens,
        "password" => Keyword::Password,
        "comment" => Keyword::Comment,
        "subject-line" => Keyword::SubjectLine,
        "expiry" => Keyword::Expiry,
        "call-to-action" => Keyword::CallToAction,
        "label" => Keyword::Label,
        "address" => Keyword::Address,
        "promo" => Keyword::Promo,
        "unit" => Keyword::Unit,
        "failed" => Keyword::Failed,
        "money" => Keyword::Money,
        "unsubscribe" => Keyword::Unsubscribe,
        "reset" => Keyword::Reset,
        "verify" => Keyword::Verify,
        "purchase" => Keyword::Purchase,
        "parcel" => Keyword::Parcel,
        "other-link" => Keyword::OtherLink,
        "article" => Keyword::Article,
        "denied" => Keyword::Denied,
        "vague-anchor" => Keyword::VagueAnchor,
        "ignored" => Keyword::Ignored,
        "sign-out" => Keyword::SignOut,
        _ => return None,
    })
}

fn word(section: &str) -> Option<Word> {
    Some(match section {
        "copula" => Word::Copula,
        "number" => Word::Number,
        "digits" => Word::Digits,
        "polite" => Word::Polite,
        "object" => Word::Object,
        "presents" => Word::Presents,
        "with" => Word::With,
        "order" => Word::Order,
        "opener" => Word::Opener,
        "purpose" => Word::Purpose,
        "particle" => Word::Particle,
        "leave" => Word::Leave,
        "stop" => Word::Stop,
        "mailing" => Word::Mailing,
        "common" => Word::Common,
        "url-unsubscribe" => Word::UrlUnsubscribe,
        "url-reset" => Word::UrlReset,
        "url-verify" => Word::UrlVerify,
        "url-invite" => Word::UrlInvite,
        "url-subscription" => Word::UrlSubscription,
        "url-record" => Word::UrlRecord,
        "url-refuse" => Word::UrlRefuse,
        "url-admin" => Word::UrlAdmin,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use unicode_normalization::is_nfc;

    use super::*;

    #[test]
    fn vocabulary_files_have_known_sections_and_titles() {
        for file in FILES {
            assert!(file.starts_with("# "), "{file}");
            let sections: Vec<&str> = file.lines().filter_map(section_name).collect();
            let unique: HashSet<&str> = sections.iter().copied().collect();
            assert_eq!(unique.len(), sections.len(), "a section twice: {sections:?}");
            for section in sections {
                let is_known = keyword(section).is_some() || word(section).is_some();
                assert!(is_known, "unknown section {section}");
            }
            let lines = file
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#') && section_name(line).is_none());
            assert_eq!(
                lines.count(),
                entries(file).count(),
                "an entry before the first section: {file}"
            );
        }
    }

    #[test]
    fn vocabulary_entries_are_lower_case_nfc_and_trimmed() {
        for (keyword, entry) in all() {
            assert!(is_nfc(entry), "{keyword:?} {entry}");
            assert_eq!(entry, entry.to_lowercase(), "{keyword:?}");
            assert_eq!(entry, entry.trim(), "{keyword:?}");
            let text = entry.strip_prefix('*').unwrap_or(entry);
            let text = text.strip_suffix('*').unwrap_or(text);
            assert!(
                !text.is_empty() && !text.starts_with('*') && !text.ends_with('*'),
                "{entry}"
            );
            // `ja, ich m\u{f6}chte` is one entry.
            let before_comma = entry
                .split_once(',')
                .map_or(0, |(before, _)| before.chars().count());
            assert!(before_comma <= 7, "one entry a line: {entry}");
        }
    }

    #[test]
    fn vocabulary_entries_are_unique_by_meaning() {
        let entries = all();
        let mut seen = HashSet::new();
        for (keyword, entry) in &entries {
            assert!(
                seen.insert((*keyword as u8, *entry)),
                "twice: {keyword:?} {entry}"
            );
        }
        assert!(entries.len() >= 1400, "{}", entries.len());
    }

    #[test]
    fn vocabulary_every_file_is_read() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("vocabulary");
        let found = fs::read_dir(directory).unwrap();
        let mut texts: Vec<String> = found
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        let mut read = FILES.to_vec();
        texts.sort_unstable();
        read.sort_unstable();
        assert_eq!(texts, read);
    }
}
