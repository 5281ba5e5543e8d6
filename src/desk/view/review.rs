//! One photo under review: pictures side by side with their names, the student, the facts, the checks or the panel in their place.

use ratatui::layout::Rect;

use super::{
    Drawn, checks, facts, fix, history,
    layout::{self, Spot},
    looks, pass_on,
    pen::Pen,
    sheet,
};
use crate::{
    api::submission::{PictureKind, Submission},
    desk::{
        model::{Load, Model, Panel, Slot},
        picture::Painted,
        text,
    },
    domain::lifecycle::attempt::Status,
};

/// Draws the review; returns the pictures that are on the screen now, and the cursor's place.
pub fn draw(model: &Model, pen: &mut Pen, area: Rect) -> (Drawn, Option<(u16, u16)>) {
    let mut drawn = Drawn::default();
    let Some(row) = model.current() else { return (drawn, None) };
    // The frame may be another size than the model for one moment after a resize: nothing is drawn outside.
    let places = layout::review(model, model.review.view);
    if area.width < model.size.0 || area.height < model.size.1 {
        return (drawn, None);
    }
    facts::student(model, pen, places.student, row);
    let detail = model.details.get(&row.id).unwrap_or(&Load::No);
    let mut complete = !places.pictures.is_empty() && detail.ready().is_some();
    let mut drafted = complete;
    for spot in &places.pictures {
        let shown = picture(model, pen, spot, detail);
        let draft = matches!(shown, Shown::Picture(painted) if painted.request.look.draft);
        match shown {
            Shown::Picture(painted) => drawn.pictures.push(painted),
            Shown::Nothing => {}
            Shown::Waiting => (complete, drafted) = (false, false),
        }
        complete &= !draft;
        name(model, pen, spot, detail.ready().map(|detail| &**detail), draft);
    }
    // Whatever else a view shows: who has not seen the picture that is judged has not seen the photo.
    let judged = if row.status == Status::MachineRefused { PictureKind::Preview } else { PictureKind::Standard };
    let exists = detail.ready().is_some_and(|detail| detail.pictures.contains(&judged));
    complete &= !exists || places.pictures.iter().any(|spot| spot.kind == judged);
    // A part is not the photo, and a fix that is not sent is not what would be judged.
    let open = model.fix_of(row.id).filter(|_| model.panel == Some(Panel::Fix));
    complete &= model.review.zoom.is_none() && open.is_none();
    drawn.complete = complete.then_some(row.id);
    drawn.draft = (drafted && !complete).then_some(row.id);
    if let (Some(open), Some(detail)) = (open, detail.ready()) {
        if let Some(area) = places.facts {
            below(model, pen, area, detail);
        }
        let cursor = fix::draw(model, pen, places.checks, open, model.review.scroll);
        return (drawn, Some(cursor));
    }
    if let Some(Panel::PassOn(open)) = &model.panel {
        if let (Some(area), Some(detail)) = (places.facts, detail.ready()) {
            below(model, pen, area, detail);
        }
        let cursor = pass_on::draw(model, pen, places.checks, open);
        return (drawn, Some(cursor));
    }
    if let Some(Panel::Sheet(open)) = &model.panel {
        if let (Some(area), Some(detail)) = (places.facts, detail.ready()) {
            let y = below(model, pen, area, detail) + 1;
            let rest = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: area.bottom().saturating_sub(y) };
            sheet::help(model, pen, rest, open);
        }
        let cursor = sheet::draw(model, pen, places.checks, open, &row.machine_reasons, places.facts.is_some());
        return (drawn, Some(cursor));
    }
    if let (Some(Panel::History { scroll }), Some(open)) = (&model.panel, detail.ready()) {
        if let Some(area) = places.facts {
            below(model, pen, area, open);
        }
        history::draw(model, pen, places.checks, open, *scroll);
        return (drawn, None);
    }
    match detail {
        Load::Ready(detail) => body(model, pen, &places, detail),
        Load::Failed(problem) => {
            pen.write(
                places.checks.x + 1,
                places.checks.y,
                places.checks.width,
                &model.problem_text(problem),
                model.theme.base().fg(model.theme.fail),
            );
        }
        _ => {
            pen.write(places.checks.x + 1, places.checks.y, places.checks.width, &model.text("desk.loading", &[]), model.theme.dim());
        }
    }
    (drawn, None)
}

fn body(model: &Model, pen: &mut Pen, places: &layout::Places, detail: &Submission) {
    let theme = &model.theme;
    let checks = detail.report.as_ref().map_or(&[][..], |report| &report.checks);
    if let Some(area) = places.facts {
        below(model, pen, area, detail);
        let title = model.text("desk.checks.title", &[]);
        pen.rule(Rect { height: 1, ..places.checks }, &title, theme.line(), theme.dim());
        let area = Rect {
            x: places.checks.x + 1,
            y: places.checks.y + 1,
            width: places.checks.width.saturating_sub(1),
            height: places.checks.height.saturating_sub(1),
        };
        return checks::draw(model, pen, area, checks, model.review.scroll);
    }
    let area = places.checks;
    let y = below(model, pen, Rect { height: area.height.min(area.height / 3 + 1), ..area }, detail);
    if y < area.bottom() {
        pen.rule(Rect { y, height: 1, ..area }, "", theme.line(), theme.dim());
    }
    let rest = Rect { x: area.x + 1, y: y + 1, width: area.width.saturating_sub(2), height: area.bottom().saturating_sub(y + 1) };
    checks::draw(model, pen, rest, checks, model.review.scroll);
}

/// The facts, line by line; returns the line after them.
fn below(model: &Model, pen: &mut Pen, area: Rect, detail: &Submission) -> u16 {
    let cells = area.width.saturating_sub(2);
    let mut y = area.y;
    for (line, style) in facts::lines(model, detail, usize::from(cells)) {
        if y >= area.bottom() {
            break;
        }
        // A tally too long for its line drops its end, not its middle.
        pen.write(area.x + 1, y, cells, &line, style);
        y += 1;
    }
    y
}

#[derive(Clone, Copy)]
enum Shown {
    Picture(Painted),
    /// There is none, or it cannot be shown, and the screen says so.
    Nothing,
    Waiting,
}

fn picture(model: &Model, pen: &mut Pen, spot: &Spot, detail: &Load<Box<Submission>>) -> Shown {
    let words = |key: &str| model.text(key, &[]);
    let (message, shown) = match (model.drawing(), detail) {
        // Whoever runs through the queue sees names only: one picture is sent where the key is let go.
        _ if model.hurried() => (String::new(), Shown::Waiting),
        (None, _) => (words("desk.picture.off"), Shown::Waiting),
        (_, Load::Failed(_)) => (words("desk.picture.failed"), Shown::Waiting),
        (Some(_), Load::Ready(detail)) if model.making(detail, spot.kind).is_none() => {
            let fix = model.fix_of(detail.summary.id).filter(|_| spot.kind == PictureKind::Standard);
            (fix.map_or_else(|| words(absent(spot.kind)), |fix| fix::instead(model, fix)), Shown::Nothing)
        }
        (Some(_), Load::Ready(detail)) => {
            let Some(sharp) = looks::request(model, detail, spot) else { return Shown::Waiting };
            let mut slots = [Some(sharp), None];
            if let Some(draft) = looks::draft(model, &sharp) {
                // On a slow line the draft first; the sharp one once it is through, or where there is no draft yet.
                slots =
                    if model.review.drafted == Some(detail.summary.id) { [Some(sharp), Some(draft)] } else { [Some(draft), Some(sharp)] };
            }
            for request in slots.into_iter().flatten() {
                if let Some(Slot::Ready(picture)) = model.pictures.get(&request)
                    && let Some(area) = picture.draw(spot.picture, pen.buffer)
                {
                    return Shown::Picture(Painted { request, area });
                }
            }
            match model.pictures.get(&sharp) {
                Some(Slot::Ready(_)) => (words("desk.picture.failed"), Shown::Waiting),
                Some(Slot::Failed(problem)) => (model.problem_text(problem), Shown::Nothing),
                Some(Slot::Loading) | None => (words("desk.loading"), Shown::Waiting),
            }
        }
        _ => (words("desk.loading"), Shown::Waiting),
    };
    let theme = &model.theme;
    pen.fill(spot.picture, theme.placeholder().bg(theme.panel));
    let lines = text::wrap(&text::safe(&message), usize::from(spot.picture.width.saturating_sub(2)));
    let top = spot.picture.y + (spot.picture.height.saturating_sub(lines.len() as u16)) / 2;
    for (y, line) in (top..spot.picture.bottom()).zip(&lines) {
        pen.write_centre(Rect { y, height: 1, ..spot.picture }, line, theme.placeholder().fg(theme.dim).bg(theme.panel));
    }
    shown
}

fn absent(kind: PictureKind) -> &'static str {
    match kind {
        PictureKind::Standard => "desk.picture.no_standard",
        PictureKind::Portrait => "desk.picture.no_portrait",
        _ => "desk.picture.none",
    }
}

fn name(model: &Model, pen: &mut Pen, spot: &Spot, detail: Option<&Submission>, drafted: bool) {
    let theme = &model.theme;
    if let Some(fix) = detail.and_then(|detail| model.fix_of(detail.summary.id)).filter(|_| spot.kind == PictureKind::Standard) {
        pen.write_centre(spot.name, &fix::name(model, fix), theme.base().fg(theme.warn));
        return;
    }
    let mut title = model.text(&format!("desk.picture.{}", spot.kind.code()), &[]);
    if let Some(zoom) = model.review.zoom {
        title = format!("{title} {}", if zoom.real { "1:1" } else { "×2" });
    }
    if spot.kind != PictureKind::Portrait && layout::low_resolution(model) {
        let opened = model.current().is_some_and(|row| model.review.opened.contains(&(row.id, row.version)));
        title = format!("{title} {}", model.text(if opened { "desk.picture.opened" } else { "desk.picture.preview_only" }, &[]));
    }
    if drafted {
        title = format!("{title} {}", model.text("desk.picture.draft", &[]));
    }
    let report = detail.and_then(|detail| detail.report.as_ref());
    let extra = report.and_then(|report| match spot.kind {
        PictureKind::Preview => Some(format!("{}×{}", report.source.width, report.source.height)),
        PictureKind::Standard => {
            report.output.as_ref().map(|output| format!("{}×{} {:.1} KB", output.width, output.height, output.bytes as f64 / 1024.0))
        }
        _ => None,
    });
    let long = extra.map(|extra| format!("{title}  {extra}")).filter(|long| text::width(long) <= usize::from(spot.name.width));
    pen.write_centre(spot.name, long.as_deref().unwrap_or(&title), theme.dim());
}
