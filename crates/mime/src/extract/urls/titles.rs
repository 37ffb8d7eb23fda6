//! Paths that lead to something to read, whose words are its title: topics of a forum, jobs of a build, archives.

use super::{MIN_SECRET_BYTES, secrets::is_secret_like};

/// Path segments before the number or the title of something to read: `/topic/48213`, `/questions/why-is-it-so`.
const RECORD_PARTS: [&str; 42] = [
    "t",
    "q",
    "question",
    "questions",
    "topic",
    "topics",
    "thread",
    "threads",
    "thema",
    "themen",
    "tema",
    "temas",
    "hilo",
    "hilos",
    "sujet",
    "sujets",
    "discussion",
    "discussions",
    "post",
    "posts",
    "job",
    "jobs",
    "build",
    "builds",
    "pipeline",
    "pipelines",
    "run",
    "runs",
    "video",
    "videos",
    "blog",
    "wiki",
    "tag",
    "comments",
    "lesson",
    "lessons",
    "course",
    "courses",
    "episode",
    "episodes",
    "story",
    "stories",
];
/// Pages that show the record whose number is in the query: `viewtopic.php?t=48213`.
const VIEWS: [&str; 8] = [
    "viewtopic",
    "showthread",
    "viewthread",
    "showtopic",
    "view",
    "topic",
    "thread",
    "question",
];
/// Path segments of the archives of mailing lists.
const ARCHIVE_PARTS: [&str; 4] = ["archives", "archive", "pipermail", "hyperkitty"];
/// Of these the number alone can be that of a redirection.
const SHORT_RECORD_PARTS: [&str; 1] = ["t"];
/// Digits of the number of a record.
const MAX_RECORD_DIGITS: usize = 10;
/// A path segment of so many words is a title, if a number is beside it.
const MIN_TITLE_WORDS: usize = 4;
/// Fewer words of a path segment are a name.
const MIN_SLUG_WORDS: usize = 3;

/// Reports whether a path has the number of a record, or a title beside a number, and nothing that can be a secret.
pub(super) fn is_title(path: &str) -> bool {
    let parts = || path.split(['/', '#']).filter(|part| !part.is_empty());
    let is_pair = |(one, next): (&str, &str)| {
        let is = |names: &[&str]| names.iter().any(|name| one.eq_ignore_ascii_case(name));
        if is_number(next) {
            return is(&RECORD_PARTS) && !is(&SHORT_RECORD_PARTS) || slug_words(one) >= MIN_TITLE_WORDS;
        }
        let words = slug_words(next);
        words >= MIN_TITLE_WORDS && is_number(one) || words >= MIN_SLUG_WORDS && is(&RECORD_PARTS)
    };
    // `77120-reset-password-loop`
    let is_numbered = |part: &str| {
        let title = part.trim_start_matches(|char: char| char.is_ascii_digit());
        title.len() < part.len() && slug_words(title) >= MIN_SLUG_WORDS
    };
    let is_readable = |part: &str| is_number(part) || slug_words(part) > 0 || !is_secret_like(part);
    // `comments/1k48fa/reset_password_loop`
    let is_of_id = || {
        let mut last = parts().rev();
        let (title, id, name) = (last.next(), last.next(), last.next());
        title.is_some_and(|title| slug_words(title) >= MIN_SLUG_WORDS)
            && id.is_some_and(|id| id.len() <= MAX_RECORD_DIGITS)
            && name.is_some_and(|name| RECORD_PARTS.iter().any(|part| name.eq_ignore_ascii_case(part)))
    };
    (parts().zip(parts().skip(1)).any(is_pair) || parts().any(is_numbered)) && parts().all(is_readable)
        || is_of_id()
}

/// Reports whether a URL shows the record whose number is in its query, and nothing else is in it.
pub(super) fn is_view(path: &str, query: &str) -> bool {
    if path.eq_ignore_ascii_case("/watch") && query.starts_with("?v=") {
        return true;
    }
    let page = path.rsplit('/').next().unwrap_or_default();
    let page = page.split('.').next().unwrap_or_default();
    let is_small = |parameter: &str| {
        let value = parameter.split_once('=').map_or("", |(_, value)| value);
        value.is_empty() || is_number(value)
    };
    VIEWS.iter().any(|view| page.eq_ignore_ascii_case(view))
        && query
            .trim_start_matches('?')
            .split('#')
            .next()
            .is_some_and(|query| query.split('&').all(is_small))
}

/// Reports whether a path is of the archive of a mailing list.
pub(super) fn is_of_archive(path: &str) -> bool {
    let is_archive = |part: &str| ARCHIVE_PARTS.iter().any(|name| part.eq_ignore_ascii_case(name));
    path.split('/').any(is_archive)
}

/// Reports whether a path segment is the number of a record.
fn is_number(part: &str) -> bool {
    (1..=MAX_RECORD_DIGITS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns how many words a path segment has that hyphens join, if it has nothing else: `reset-password-loop`.
fn slug_words(part: &str) -> usize {
    let part = part.trim_matches('-');
    if part.contains('_') && !part.contains('-') {
        return slug_words(&part.replace('_', "-"));
    }
    let is_word =
        |word: &str| word.len() < MIN_SECRET_BYTES && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let words = part.split('-');
    if part.contains('-') && words.clone().all(is_word) {
        words.count()
    } else {
        0
    }
}
