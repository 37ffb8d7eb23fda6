//! What the `style` of an element says about its text.

/// Text from this size on, in pixels, is emphasised.
const LARGE_PX: f32 = 20.0;
/// Text up to this size, in pixels, is hidden.
const TINY_PX: f32 = 1.0;
/// Pixels of an `em` in a mail.
const EM_PX: f32 = 16.0;

/// What one `style` sets; `None` where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// The element is not shown, whatever its descendants say.
    pub(super) is_hidden: bool,
    /// The size of the font is zero or one pixel; a descendant can set another.
    pub(super) is_tiny: Option<bool>,
    /// The text is large, bold, monospaced or spaced.
    pub(super) is_emphatic: bool,
}

impl Style {
    /// Reads an attribute.
    pub(super) fn of(style: &str) -> Self {
        let mut read = Self::default();
        for declaration in style.split(';') {
            if let Some((property, value)) = declaration.split_once(':') {
                read.add(property.trim_ascii(), value.trim_ascii());
            }
        }
        read
    }

    fn add(&mut self, property: &str, value: &str) {
        let is = |name: &str| property.eq_ignore_ascii_case(name);
        let starts = |start: &str| {
            value
                .get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
        };
        match property.len() {
            7 if is("display") => self.is_hidden |= starts("none"),
            7 if is("opacity") => self.is_hidden |= value == "0",
            9 if is("font-size") => {
                let px = pixels(value);
                self.is_tiny = px.map(|px| px <= TINY_PX);
                self.is_emphatic |= px.is_some_and(|px| px >= LARGE_PX);
            }
            10 if is("visibility") => self.is_hidden |= starts("hidden"),
            10 if is("max-height") => self.is_hidden |= pixels(value) == Some(0.0),
            11 if is("font-weight") => {
                let is_bold = starts("bold") || matches!(value.as_bytes(), [b'6'..=b'9', b'0', b'0', ..]);
                self.is_emphatic |= is_bold;
            }
            11 if is("font-family") => {
                let bytes = value.as_bytes();
                let has = |name: &[u8]| {
                    bytes
                        .windows(name.len())
                        .any(|part| part.eq_ignore_ascii_case(name))
                };
                self.is_emphatic |= has(b"mono") || has(b"courier") || has(b"consolas");
            }
            14 if is("letter-spacing") => self.is_emphatic |= pixels(value).is_some_and(|px| px > TINY_PX),
            _ => {}
        }
    }
}

/// Reads a length in pixels; `None` for percentages and words without a size.
fn pixels(value: &str) -> Option<f32> {
    let unit_at = value
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(unit_at);
    if number.is_empty() {
        let is_large = ["large", "x-large", "xx-large"]
            .iter()
            .any(|name| unit.eq_ignore_ascii_case(name));
        return is_large.then_some(LARGE_PX);
    }
    let number: f32 = number.parse().ok()?;
    let unit = unit.trim_ascii_start().as_bytes();
    let starts = |name: &[u8]| {
        unit.get(..name.len())
            .is_some_and(|unit| unit.eq_ignore_ascii_case(name))
    };
    if unit.is_empty() || starts(b"px") || starts(b"!") {
        Some(number)
    } else if starts(b"pt") {
        Some(number * 4.0 / 3.0)
    } else if starts(b"em") || starts(b"rem") {
        Some(number * EM_PX)
    } else {
        None
    }
}
