//! A way to a broken property, told step by step.

use crate::actions::{Action, Line};
use crate::model::{Model, Sometimes};
use crate::state::{Engine, Phase, State};
use crate::store::Purpose;

fn letter(me: u8) -> char {
    char::from(b'A' + me)
}

fn line_name(line: Line) -> &'static str {
    match line {
        Line::Beat => "write of its own server record",
        Line::Watch => "write of the other's server record",
        Line::Locker => "write of the record",
    }
}

fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Take => "take",
        Purpose::Save => "save",
        Purpose::Release => "release",
        Purpose::Ask => "request for the record",
        Purpose::Reclaim => "release of a leftover",
        Purpose::Beat => "beat",
        Purpose::Ended => "*ended*",
        Purpose::Letter => "letter",
    }
}

fn sentence(state: &State, action: Action) -> String {
    let late = |purpose: Option<(u8, Purpose)>| match purpose {
        Some((sender, purpose)) => format!("a late {} of {} lands", purpose_name(purpose), letter(sender)),
        None => "nothing lands late".into(),
    };
    match action {
        Action::Tick { standing_still: 0 } => "all clocks tick".into(),
        Action::Tick { standing_still } => {
            let still: String = (0..3).filter(|me| standing_still & 1 << me != 0).map(letter).collect();
            format!("all clocks tick but {still}'s")
        }
        Action::BeatLook(me) => format!("{} looks at its own server record", letter(me)),
        Action::Beat(me) => format!("{} sends a beat", letter(me)),
        Action::WatchLook(me) => format!("{} looks at the holder's server record", letter(me)),
        Action::WriteEnded(me) => format!("{} sends *ended*", letter(me)),
        Action::WriteLetter(me) => format!("{} sends a letter to the holder", letter(me)),
        Action::Want(me) => format!("{} wants the record", letter(me)),
        Action::Unwant(me) => format!("{} does not want the record any more", letter(me)),
        Action::Edit(me) => format!("{} makes change {}", letter(me), state.spent.edits + 1),
        Action::Read(me) => format!("{} reads the record", letter(me)),
        Action::Write(me, purpose) => format!("{} sends a {}", letter(me), purpose_name(purpose)),
        Action::Land(me, line) => format!("{}'s {} comes to the store", letter(me), line_name(line)),
        Action::Answer(me, line) => match line {
            Line::Beat => format!("{} hears of its own server record", letter(me)),
            Line::Watch => format!("{} hears of the holder's server record", letter(me)),
            Line::Locker => format!("{} hears of the record", letter(me)),
        },
        Action::LandTwice(me, line) => format!(
            "{}'s {} comes twice, the second is answered",
            letter(me),
            line_name(line)
        ),
        Action::LoseRequest(me, line) => format!("{}'s {} is lost", letter(me), line_name(line)),
        Action::LoseAnswer(me, line) => format!("the answer to {}'s {} is lost", letter(me), line_name(line)),
        Action::GiveUp(me, line) => format!("{} gives up its {}, which may land later", letter(me), line_name(line)),
        Action::LandLateRecord(index) => {
            let of = state.late_records[usize::from(index)];
            late(of.map(|late| (late.sender, late.put.purpose)))
        }
        Action::LandLateServer(index) => {
            let of = state.late_servers[usize::from(index)];
            late(of.map(|late| (late.sender, late.put.purpose)))
        }
        Action::TakeLateAnswer => "the answer to a write that was given up comes".into(),
        Action::Crash(me) => format!("{} crashes", letter(me)),
        Action::Restart { me, vouched: true } => format!("{} starts again, the old process vouched gone", letter(me)),
        Action::Restart { me, vouched: false } => format!("{} starts again", letter(me)),
        Action::Erase(server) => format!("the server record of {} is erased", letter(server)),
    }
}

fn engine_now(engine: &Engine) -> String {
    let phase = match engine.locker.phase {
        Phase::Idle => "idle".into(),
        Phase::Acquiring(_) => "acquiring".into(),
        Phase::Reclaiming(_) => "reclaiming".into(),
        Phase::Held(held) if engine.believes() => format!("available at epoch {}", held.epoch),
        Phase::Held(held) => format!("held in doubt at epoch {}", held.epoch),
    };
    format!("{phase}, fresh for {}", engine.beat.fresh)
}

/// One line for each step: what happened, how the engines stand afterwards, what was noticed.
pub fn tell(model: &Model, way: &[Action]) -> String {
    let mut state = model.start();
    let mut text = String::new();
    for (number, action) in way.iter().enumerate() {
        let (after, notes) = model.after(&state, *action);
        let said = sentence(&state, *action);
        let mut now = Vec::new();
        for (me, engine) in after.engines.iter().enumerate() {
            if let Some(engine) = engine
                .as_ref()
                .filter(|engine| Some(*engine) != state.engines[me].as_ref())
            {
                now.push(format!("{} {}", letter(me as u8), engine_now(engine)));
            }
        }
        text += &format!("  {:>3}  {said:<60} {}\n", number + 1, now.join("; "));
        for sometimes in Sometimes::ALL {
            if notes.sometimes & 1 << sometimes as u32 != 0 {
                text += &format!("       - {}\n", sometimes.text());
            }
        }
        if let Some(broken) = notes.broken {
            text += &format!("       BROKEN: {}\n", broken.name());
        }
        state = after;
    }
    text
}
