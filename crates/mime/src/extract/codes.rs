//! Classifies the numbers of a mail: a one-time code has keywords near it and stands out. Each candidate gets a score.

mod short;

use std::collections::HashSet;

use memchr::memchr_iter;

use super::{
    Code, CodePlace, Confidence, MAX_CODES,
    context::{About, Context, Features, points_to_code},
    keywords::{self, Hit},
    marked::Marked,
    recovery,
    signals::Signals,
    tokens::{self, Shape, Token},
    urls,
    vocabulary::{Keyword, Word},
    weights::{Feature, MAX_BELOW_BEST, THRESHOLD, Weights},
};

/// Query parameters that carry a code.
const CODE_PARAMETERS: [&str; 5] = ["code", "otp", "token", "pin", "n"];
/// Characters of an origin-bound code.
const MAX_BOUND_CHARS: usize = 24;
/// Letters of both cases are a code from this length on.
const MIN_RANDOM_LETTERS: usize = 8;
/// The longest `@domain` before it.
const MAX_DOMAIN_BYTES: usize = 300;

/// The parts of a mail.
#[derive(Debug)]
pub(super) struct Mail<'m> {
    pub(super) subject: &'m Marked,
    pub(super) text: &'m Marked,
    pub(super) html: &'m Marked,
    pub(super) signals: &'m Signals,
}

/// A candidate and its score.
#[derive(Debug)]
struct Scored {
    score: i32,
    value: String,
    found_in: CodePlace,
    is_coupon: bool,
    /// Whether only the sentence joins it to a code word.
    is_loose: bool,
    /// Whether a word or a colon joins it to one.
    is_bound: bool,
}

impl Scored {
    fn new(score: i32, value: String, found_in: CodePlace) -> Self {
        Self {
            score,
            value,
            found_in,
            is_coupon: false,
            is_loose: false,
            is_bound: false,
        }
    }
}

/// Finds the codes of a mail, each once, the most probable first.
pub(super) fn find(mail: &Mail<'_>, weights: &Weights) -> Vec<Code> {
    let mut found: Vec<Scored> = Vec::new();
    let mut coupons = HashSet::new();
    for scored in candidates(mail, weights) {
        if scored.is_coupon {
            coupons.insert(scored.value.clone());
        }
        match found.iter_mut().find(|known| known.value == scored.value) {
            Some(known) => known.score = known.score.max(scored.score),
            // Only codes and what a second place can make a code are kept.
            None if scored.score >= THRESHOLD => found.push(scored),
            None => {}
        }
    }
    // A coupon in one line is a coupon in the subject too.
    found.retain(|scored| !coupons.contains(&scored.value));
    if let Some(token) = &mail.signals.token {
        add_token(&mut found, token, weights);
    }
    if found.is_empty() && coupons.is_empty() {
        found = short::find(mail);
    }
    let best = found.iter().map(|scored| scored.score).max().unwrap_or_default();
    found.retain(|scored| scored.score + MAX_BELOW_BEST >= best);
    found.sort_by_key(|scored| -scored.score);
    let codes = found.into_iter().take(MAX_CODES).map(|scored| Code {
        confidence: Confidence::of_score(scored.score - THRESHOLD),
        value: scored.value,
        found_in: scored.found_in,
    });
    codes.collect()
}

/// Adds the code of the OTP-Token field, or raises it where the mail shows it.
fn add_token(found: &mut Vec<Scored>, token: &str, weights: &Weights) {
    let score = weights.of(Feature::Explicit);
    match found.iter_mut().find(|known| known.value == token) {
        Some(known) => known.score = known.score.max(score),
        None => found.push(Scored::new(score, token.to_owned(), CodePlace::Header)),
    }
}

/// Returns the candidates of every part that are codes or coupons.
fn candidates(mail: &Mail<'_>, weights: &Weights) -> Vec<Scored> {
    let parts = [
        (mail.subject, CodePlace::Subject),
        (mail.text, CodePlace::Text),
        (mail.html, CodePlace::Html),
    ];
    let mut scored = Vec::new();
    let mut lists = parts.map(|(marked, found_in)| {
        let listed = recovery::find(marked, mail.subject);
        scored.extend(listed.iter().filter(|item| item.is_code).map(|item| {
            let value = recovery::typed(marked.text(), &item.at);
            Scored::new(weights.of(Feature::Listed), value, found_in)
        }));
        listed.into_iter().peekable()
    });
    let has_candidate = |marked: &Marked| marked.tokens.iter().any(|token| token.shape != Shape::Number);
    if !parts.iter().any(|(marked, _)| has_candidate(marked)) {
        scored.extend(lower_case_codes(mail));
        return scored;
    }
    let subject = mail.subject.hits();
    let has = |keywords: &[Keyword]| subject.iter().any(|hit| keywords.contains(&hit.keyword));
    let has_subject_word = has(&[Keyword::Code, Keyword::OneTimeCode]);
    let about = About {
        has_subject_word,
        has_subject_topic: has(&[Keyword::Verify, Keyword::Reset]),
        is_parcel: has(&[Keyword::Parcel]),
        is_bulk: mail.signals.is_bulk,
        is_comment: has(&[Keyword::Comment]),
        is_forge: has_forge_link(mail),
        is_offer: has(&[Keyword::Promo]),
        // "The code for your order" is about the code, and parcels have a code to pick them up.
        is_purchase: has(&[Keyword::Purchase]) && !has(&[Keyword::Parcel]) && !has_subject_word,
        is_subject: false,
        has_body_word: false,
    };
    let linked = linked_codes(mail);
    let mut labelled = HashSet::new();
    let mut references = HashSet::new();
    let mut announced = HashSet::new();
    let mut sole: Vec<Scored> = Vec::new();
    for ((marked, found_in), listed) in parts.into_iter().zip(&mut lists) {
        if !has_candidate(marked) {
            continue;
        }
        let about = About {
            is_subject: found_in == CodePlace::Subject,
            has_body_word: found_in == CodePlace::Subject && has_body_word(mail),
            has_subject_word: about.has_subject_word && found_in != CodePlace::Subject,
            ..about
        };
        let mut context = Context::new(marked, about);
        for (index, token) in marked.tokens.iter().enumerate() {
            let features = context.features(index);
            while listed.next_if(|item| item.at.end <= token.at.start).is_some() {}
            if listed.peek().is_some_and(|item| item.at.start <= token.at.start) {
                continue;
            }
            let bound = is_origin_bound(marked.text(), token);
            if features.is_none() && !bound {
                continue;
            }
            let features = features.unwrap_or_default();
            let value = tokens::typed(&marked.text()[token.at.clone()], token.shape);
            if about.is_subject && is_reference(marked.text(), token) {
                references.insert(value);
                continue;
            }
            // "Quote 482913 when you call", and the subject says that it is a case.
            let is_labelled = || labelled.contains(&value) && !features.has_word();
            if references.contains(&value) || is_labelled() {
                continue;
            }
            let mut score = score(&features, weights);
            if linked.contains(&*value) {
                score += weights.of(Feature::InLink);
            }
            if about.is_subject && features.is_unlabelled() && is_at_edge(marked.text(), token) {
                announced.insert(value.clone());
            } else if announced.contains(&value) && features.stands_out() && features.is_unlabelled() {
                score += weights.of(Feature::InSubject);
            }
            if features.can_be_sole() && score + weights.of(Feature::Sole) >= THRESHOLD {
                let score = score + weights.of(Feature::Sole);
                sole.push(Scored::new(score, value.clone(), found_in));
            }
            if bound {
                score = weights.of(Feature::Explicit);
            }
            let is_in_answer = context.is_in_answer();
            let is_coupon =
                weights.of(Feature::Coupon) < 0 && features.iter().any(|feature| feature == Feature::Coupon);
            if score >= THRESHOLD || is_coupon {
                scored.push(Scored {
                    score,
                    value,
                    found_in,
                    is_coupon,
                    is_loose: features.is_loose() && !bound || is_in_answer,
                    is_bound: features.is_bound() && !is_in_answer,
                });
            }
        }
        labelled.extend(
            context
                .labelled()
                .map(|token| tokens::typed(&marked.text()[token.at.clone()], token.shape)),
        );
    }
    scored.extend(lower_case_codes(mail));
    if !scored.iter().any(|scored| scored.score >= THRESHOLD)
        && sole.windows(2).all(|pair| pair[0].value == pair[1].value)
    {
        scored.append(&mut sole);
    }
    // "Do not share your code. Call 116 116", or an older mail that this one answers, and the code is elsewhere.
    if scored
        .iter()
        .any(|scored| scored.is_bound && scored.score >= THRESHOLD)
    {
        scored.retain(|scored| !scored.is_loose || scored.is_coupon);
    }
    // "Code for jd48291-x" is not a code if the body says "user jd48291-x", and has a code.
    let has_other = scored
        .iter()
        .any(|scored| scored.score >= THRESHOLD && !labelled.contains(&scored.value));
    if has_other {
        scored.retain(|scored| scored.found_in != CodePlace::Subject || !labelled.contains(&scored.value));
    }
    scored
}

/// Reports whether a body has a word for one-time codes, or asks for digits and has none.
fn has_body_word(mail: &Mail<'_>) -> bool {
    let bodies = [mail.text, mail.html];
    let has_digits = || {
        let mut tokens = bodies.iter().flat_map(|body| &body.tokens);
        tokens.any(|token| token.shape == Shape::Digits)
    };
    let hits = || {
        bodies
            .iter()
            .flat_map(|body| body.hits().iter().map(move |hit| (*body, hit)))
    };
    let asks = |(body, hit): (&Marked, &Hit)| {
        hit.keyword == Keyword::CallToAction && points_to_code(&body.text()[hit.at.clone()])
    };
    hits().any(|(_, hit)| matches!(hit.keyword, Keyword::OneTimeCode | Keyword::SubjectLine))
        || !has_digits() && hits().any(asks)
}

fn score(features: &Features, weights: &Weights) -> i32 {
    features.iter().map(|feature| weights.of(feature)).sum()
}

/// Reports whether a link leads into a code forge, whose mails talk of codes and tokens.
fn has_forge_link(mail: &Mail<'_>) -> bool {
    let text = mail.text.text();
    let mut bare = urls::bare(text).filter_map(|at| text.get(at));
    let anchors = &mail.html.visible.anchors;
    anchors.iter().any(|anchor| urls::is_forge(&anchor.href)) || bare.any(urls::is_forge)
}

/// Returns the codes that addresses of links carry.
fn linked_codes(mail: &Mail<'_>) -> HashSet<String> {
    let hrefs = mail.html.visible.anchors.iter().map(|anchor| &*anchor.href);
    let texts = [mail.text.text(), mail.html.text()];
    let with_query = hrefs.chain(texts);
    let mut codes = HashSet::new();
    for text in with_query {
        for at in memchr_iter(b'=', text.as_bytes()) {
            let name = &text.as_bytes()[..at];
            if !CODE_PARAMETERS
                .iter()
                .any(|parameter| name.ends_with(parameter.as_bytes()))
            {
                continue;
            }
            let value = &text[at + 1..];
            let len = value
                .bytes()
                .take(MAX_BOUND_CHARS)
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
                .count();
            codes.insert(value[..len].to_owned());
        }
    }
    codes
}

/// Reports whether a token is the code of a line like `@example.com #123456`.
fn is_origin_bound(text: &str, token: &Token) -> bool {
    if !token.has_hash || token.at.len() > MAX_BOUND_CHARS {
        return false;
    }
    let from = text.ceil_char_boundary(token.at.start.saturating_sub(MAX_DOMAIN_BYTES));
    let start = match text[from..token.at.start].rfind('\n') {
        Some(at) => from + at + 1,
        None if from == 0 => 0,
        None => return false,
    };
    let line = text[start..token.at.start].trim_end_matches('#');
    let Some(domain) = line.strip_prefix('@').and_then(|line| line.strip_suffix(' ')) else {
        return false;
    };
    domain.contains('.') && !domain.contains(char::is_whitespace)
}

/// Reports whether a number begins a subject, or ends it behind a colon.
fn is_at_edge(subject: &str, token: &Token) -> bool {
    let before = subject[..token.at.start].trim_end();
    before.is_empty()
        || token.at.end == subject.len() && before.ends_with([':', '\u{ff1a}', '\u{2013}', '\u{2014}'])
}

/// Reports whether brackets in a subject say that a number is the reference of a case: `[#482913]`, `[Case 482913]`.
fn is_reference(subject: &str, token: &Token) -> bool {
    let Some(open) = subject[..token.at.start].rfind('[') else {
        return false;
    };
    let said = &subject[open + 1..token.at.start];
    let closes = subject[token.at.end..].starts_with(']') && !said.contains(']');
    let hits = keywords::find(said);
    let has = |keywords: &[Keyword]| hits.iter().any(|hit| keywords.contains(&hit.keyword));
    // `[KF-NAS01]` is the name of a sender.
    let is_tag = token.shape != Shape::Digits && subject[..open].trim().is_empty();
    closes
        && !has(&[Keyword::Code, Keyword::OneTimeCode])
        && (said.contains('#') || is_tag || has(&[Keyword::Label]))
}

/// Reports whether letters of both cases are random and no name: `xprCzreLjC`, but not `JavaScript`.
fn is_random(word: &str) -> bool {
    let is_hump = |pair: &&[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let humps = word.as_bytes().windows(2).filter(is_hump).count();
    let starts_small = word.starts_with(|char: char| char.is_ascii_lowercase());
    word.len() >= MIN_RANDOM_LETTERS
        && (humps > 1 && starts_small || humps > 0 && !tokens::is_pronounceable(word))
}

/// Returns codes of letters that are not all capitals: `Your code is qxtbrw`. Only what cannot be a word is one.
fn lower_case_codes(mail: &Mail<'_>) -> Vec<Scored> {
    let parts = [(mail.text, CodePlace::Text), (mail.html, CodePlace::Html)];
    let mut found = Vec::new();
    for (marked, found_in) in parts {
        let text = marked.text();
        // The keywords of a text without candidates are not looked for, so only what they would lead to is.
        let mut above = 0..0;
        for line in marked.lines() {
            let sent = &text[line.clone()];
            let space = sent.rfind([' ', '\t']);
            let (before, word) = match space {
                Some(at) => (line.start..line.start + at, &sent[at + 1..]),
                None => (above, sent),
            };
            above = line;
            let word = word.trim_end_matches(['.', '!']);
            let is_lower = word.bytes().all(|byte| byte.is_ascii_lowercase());
            let is_code = (5..=10).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphabetic())
                && (is_lower && !tokens::is_pronounceable(word) || is_random(word));
            if !is_code {
                continue;
            }
            let start = before.start.max(before.end.saturating_sub(60));
            let before = text[text.ceil_char_boundary(start)..before.end].trim_end();
            let last = before.rsplit(' ').next().unwrap_or_default();
            let is_cell = space.is_some_and(|at| sent[at..].starts_with('\t'));
            let is_bound = is_cell
                || before.ends_with([':', '\u{ff1a}'])
                || keywords::is_word(&last.to_lowercase(), Word::Copula);
            let words = keywords::find(before);
            let is_word = |hit: &Hit| matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode);
            let has_word = match space {
                Some(_) => words.last().is_some_and(is_word),
                // "Enter this code to get started:" in the line above
                None => !mail.signals.is_bulk && words.iter().any(is_word),
            };
            if is_bound && has_word {
                found.push(Scored::new(THRESHOLD, word.to_owned(), found_in));
            }
        }
    }
    found
}
