//! Four small panels over time, as SVG. No background and mid-tones only, so that it can be read on white and on black.

use std::fmt::Write;

use super::windows::Window;

const PANEL: (f64, f64) = (400.0, 190.0);
/// Room for the labels of the axes and for the title, around each panel.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 40.0;
const HEADING: f64 = 34.0;
const MOST_TICKS: f64 = 5.0;
const TEXT: &str = "#7d8590";
const BLUE: &str = "#2f81d8";
const ORANGE: &str = "#d9730d";

/// Reads a figure.
type Figure = fn(&Window) -> f64;

struct Line {
    name: &'static str,
    colour: &'static str,
    dashed: bool,
    figure: Figure,
}

struct Panel {
    title: &'static str,
    lines: Vec<Line>,
}

fn line(name: &'static str, colour: &'static str, figure: Figure) -> Line {
    Line { name, colour, dashed: false, figure }
}

fn dashed(name: &'static str, colour: &'static str, figure: Figure) -> Line {
    Line { dashed: true, ..line(name, colour, figure) }
}

fn panels() -> [Panel; 4] {
    [
        Panel {
            title: "memory, MiB resident",
            lines: vec![
                line("ingest", BLUE, |window| window.ingest.rss_mib),
                line("worker", ORANGE, |window| window.worker.rss_mib),
            ],
        },
        Panel {
            title: "open files and threads",
            lines: vec![
                line("ingest, files", BLUE, |window| window.ingest.open_files),
                dashed("threads", BLUE, |window| window.ingest.threads),
                line("worker, files", ORANGE, |window| window.worker.open_files),
                dashed("threads", ORANGE, |window| window.worker.threads),
            ],
        },
        Panel {
            title: "from the POST to the row, ms",
            lines: vec![line("p50", BLUE, |window| window.p50), line("p99", ORANGE, |window| window.p99)],
        },
        Panel { title: "events applied a second", lines: vec![line("events/s", BLUE, |window| window.rate)] },
    ]
}

/// The plot of a watch of so many minutes.
pub fn plot(title: &str, windows: &[Window], minutes: f64) -> String {
    let (width, height) = (LEFT + PANEL.0 + RIGHT, TOP + PANEL.1 + BOTTOM);
    let mut svg = Svg(String::new());
    svg.add(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0} {:.0}" font-family="sans-serif" font-size="12" fill="{TEXT}">"#,
        2.0 * width,
        HEADING + 2.0 * height
    ));
    svg.add(format_args!(r#"<text x="{LEFT}" y="22" font-size="15">{title}</text>"#));
    for (number, panel) in panels().into_iter().enumerate() {
        let (column, row) = ((number % 2) as f64, (number / 2) as f64);
        let (x, y) = (column * width + LEFT, HEADING + row * height + TOP);
        svg.add(format_args!(r#"<g transform="translate({x:.0} {y:.0})">"#));
        svg.panel(&panel, windows, minutes);
        svg.add(format_args!("</g>"));
    }
    svg.add(format_args!("</svg>"));
    svg.0
}

struct Svg(String);

impl Svg {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{element}");
    }

    fn panel(&mut self, panel: &Panel, windows: &[Window], minutes: f64) {
        let (width, height) = PANEL;
        let values =
            || windows.iter().flat_map(|window| panel.lines.iter().map(|line| (line.figure)(window)));
        let most = values().fold(1.0, f64::max) * 1.08;
        let (x, y) = (|minute: f64| minute / minutes * width, |value: f64| height - value / most * height);

        self.add(format_args!(r#"<text y="-30" font-size="13">{}</text>"#, panel.title));
        for value in ticks(most) {
            let at = y(value);
            self.add(format_args!(r#"<path d="M0 {at:.1}H{width}" stroke="{TEXT}" stroke-opacity="0.3"/>"#));
            self.add(format_args!(r#"<text x="-7" y="{:.1}" text-anchor="end">{value}</text>"#, at + 4.0));
        }
        for minute in ticks(minutes) {
            let at = x(minute);
            self.add(format_args!(r#"<path d="M{at:.1} {height}v4" stroke="{TEXT}"/>"#));
            self.add(format_args!(
                r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{minute}</text>"#,
                height + 17.0
            ));
        }
        self.add(format_args!(
            r#"<text x="{width}" y="{:.1}" text-anchor="end">minutes</text>"#,
            height + 32.0
        ));
        self.add(format_args!(r#"<path d="M0 0V{height}H{width}" fill="none" stroke="{TEXT}"/>"#));

        let mut legend = 0.0;
        for Line { name, colour, dashed, figure } in &panel.lines {
            let dashes = if *dashed { r#" stroke-dasharray="5 3""# } else { "" };
            let points: Vec<String> = windows
                .iter()
                .map(|window| format!("{:.1},{:.1}", x(window.minute), y(figure(window))))
                .collect();
            self.add(format_args!(
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.6"{dashes}/>"#,
                points.join(" ")
            ));
            self.add(format_args!(
                r#"<path d="M{legend:.0} -14h18" stroke="{colour}" stroke-width="2"{dashes}/>"#
            ));
            self.add(format_args!(r#"<text x="{:.0}" y="-10">{name}</text>"#, legend + 23.0));
            legend += 34.0 + 6.3 * name.len() as f64;
        }
    }
}

/// Round values from 0 up to `most`.
fn ticks(most: f64) -> Vec<f64> {
    let least = most / MOST_TICKS;
    let magnitude = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude).into_iter().find(|step| *step >= least);
    let step = step.unwrap_or(most);
    // Products of whole numbers, so that no tick is 0.30000000000000004.
    let decimals = step.log10().floor().min(0.0).abs() as usize;
    let rounded = |value: f64| format!("{value:.decimals$}").parse().unwrap_or(value);
    (0..).map(|number| rounded(f64::from(number) * step)).take_while(|value| *value <= most).collect()
}
