//! Metrics in Prometheus' text exposition format, version 0.0.4: what a game server serves under `/metrics`.

use super::metrics::{
    Histogram, Metrics, SpecMetrics, StoreMetrics, BOUNDS, LOSSES, OPERATIONS, PURPOSES, RECEIPTS, RELEASES, RESULTS,
    STATES, TROUBLES, WAITS,
};
use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The labels of a sample.
type Labels<'a> = Vec<(&'a str, &'a str)>;

/// The text under construction. Writing to a string cannot fail.
struct Text {
    out: String,
}

impl Text {
    /// Begins a family of samples.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.out.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.out.push(if index == 0 { '{' } else { ',' });
            let _ = write!(self.out, "{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (count, bound) in histogram.buckets.iter().zip(BOUNDS) {
            below += count;
            let bound = bound.to_string();
            self.sample(&bucket, &with(labels, "le", &bound), below);
        }
        self.sample(&bucket, &with(labels, "le", "+Inf"), histogram.count);
        self.sample(&format!("{name}_sum"), labels, histogram.sum.as_secs_f64());
        self.sample(&format!("{name}_count"), labels, histogram.count);
    }
}

fn with<'a>(labels: &[(&'a str, &'a str)], name: &'a str, text: &'a str) -> Labels<'a> {
    let mut all = labels.to_vec();
    all.push((name, text));
    all
}

/// A label's text between its quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Metrics {
    /// The metrics as a monitoring system reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Text { out: String::new() };
        self.write_sessions(&mut text);
        self.write_waits(&mut text);
        self.write_saves(&mut text);
        self.write_purchases(&mut text);
        self.write_requests(&mut text);
        self.write_stores(&mut text);
        self.write_engine(&mut text);
        text.out
    }

    /// One number of each spec.
    fn of_specs<V: Display>(
        &self,
        text: &mut Text,
        (name, kind, help): (&str, &str, &str),
        value: impl Fn(&SpecMetrics) -> V,
    ) {
        text.family(name, kind, help);
        for spec in &self.specs {
            text.sample(name, &self.about_spec(spec), value(spec));
        }
    }

    /// Several numbers of each spec, told apart by a label.
    fn parts_of_specs<V: Display>(
        &self,
        text: &mut Text,
        (name, kind, help): (&str, &str, &str),
        (label, parts): (&str, &[&str]),
        value: impl Fn(&SpecMetrics, usize) -> V,
    ) {
        text.family(name, kind, help);
        for spec in &self.specs {
            for (index, part) in parts.iter().enumerate() {
                let labels = with(&self.about_spec(spec), label, part);
                text.sample(name, &labels, value(spec, index));
            }
        }
    }

    /// Several numbers of each store, told apart by a label.
    fn parts_of_stores(
        &self,
        text: &mut Text,
        (name, kind, help): (&str, &str, &str),
        (label, parts): (&str, &[&str]),
        value: impl Fn(&StoreMetrics, usize) -> u64,
    ) {
        text.family(name, kind, help);
        for store in &self.stores {
            for (index, part) in parts.iter().enumerate() {
                let labels = with(&self.about_store(store), label, part);
                text.sample(name, &labels, value(store, index));
            }
        }
    }

    /// One number of each store.
    fn of_stores(&self, text: &mut Text, (name, kind, help): (&str, &str, &str), value: impl Fn(&StoreMetrics) -> u64) {
        text.family(name, kind, help);
        for store in &self.stores {
            text.sample(name, &self.about_store(store), value(store));
        }
    }

    fn about_spec<'a>(&'a self, spec: &'a SpecMetrics) -> Labels<'a> {
        vec![("server", &self.server), ("store", &spec.store), ("spec", &spec.name)]
    }

    fn about_store<'a>(&'a self, store: &'a StoreMetrics) -> Labels<'a> {
        vec![("server", &self.server), ("store", &store.name)]
    }

    fn write_sessions(&self, text: &mut Text) {
        let what = ("sessionlocker_sessions_acquired_total", "counter", "Sessions begun.");
        self.of_specs(text, what, |spec| spec.counters.acquired);
        let what = (
            "sessionlocker_sessions_released_total",
            "counter",
            "Sessions saved and let go, by cause.",
        );
        self.parts_of_specs(text, what, ("cause", &RELEASES), |spec, at| spec.counters.released[at]);
        let what = (
            "sessionlocker_sessions_lost_total",
            "counter",
            "Sessions lost, by cause.",
        );
        self.parts_of_specs(text, what, ("cause", &LOSSES), |spec, at| spec.counters.lost[at]);
        let what = (
            "sessionlocker_takeovers_total",
            "counter",
            "Sessions taken over from dead servers.",
        );
        self.of_specs(text, what, |spec| spec.counters.takeovers);
        let what = (
            "sessionlocker_handovers_total",
            "counter",
            "Hand-overs between living servers, by what this server did.",
        );
        let parts = ["given", "received", "refused"];
        self.parts_of_specs(text, what, ("role", &parts), |spec, at| match at {
            0 => spec.counters.released[1],
            1 => spec.counters.handovers_received,
            _ => spec.counters.handovers_refused,
        });
        let what = ("sessionlocker_lockers", "gauge", "Lockers, by state.");
        self.parts_of_specs(text, what, ("state", &STATES), |spec, at| spec.lockers[at]);
        let what = (
            "sessionlocker_held_seconds_total",
            "counter",
            "How long all sessions together were held.",
        );
        self.of_specs(text, what, |spec| seconds(spec.counters.held_time));
    }

    fn write_waits(&self, text: &mut Text) {
        let what = (
            "sessionlocker_lock_waits_total",
            "counter",
            "Loads that had to wait, by what they waited for.",
        );
        self.parts_of_specs(text, what, ("cause", &WAITS), |spec, at| spec.counters.waits[at].count);
        let what = (
            "sessionlocker_lock_wait_seconds_total",
            "counter",
            "How long loads had to wait, by what they waited for.",
        );
        self.parts_of_specs(text, what, ("cause", &WAITS), |spec, at| {
            seconds(spec.counters.waits[at].total)
        });
        let what = (
            "sessionlocker_lock_wait_longest_seconds",
            "gauge",
            "How long the longest wait of a load was, by what it waited for.",
        );
        self.parts_of_specs(text, what, ("cause", &WAITS), |spec, at| {
            seconds(spec.counters.waits[at].longest)
        });
    }

    fn write_saves(&self, text: &mut Text) {
        let what = (
            "sessionlocker_saves_total",
            "counter",
            "Writes of sessions that are stored.",
        );
        self.of_specs(text, what, |spec| spec.counters.saves);
        let name = "sessionlocker_save_seconds";
        text.family(name, "histogram", "From the first unsaved change until it is durable.");
        for spec in &self.specs {
            text.histogram(name, &self.about_spec(spec), &spec.counters.save_time);
        }
        let what = (
            "sessionlocker_oldest_unsaved_seconds",
            "gauge",
            "How long the oldest change that is not saved has been waiting.",
        );
        self.of_specs(text, what, |spec| seconds(spec.oldest_unsaved));
    }

    fn write_purchases(&self, text: &mut Text) {
        let what = (
            "sessionlocker_receipts_total",
            "counter",
            "Receipts answered, by outcome.",
        );
        self.parts_of_specs(text, what, ("outcome", &RECEIPTS), |spec, at| {
            spec.counters.receipts[at]
        });
        let what = (
            "sessionlocker_callbacks_failed_total",
            "counter",
            "Callbacks of the game that failed.",
        );
        self.of_specs(text, what, |spec| spec.counters.callbacks_failed);
    }

    fn write_requests(&self, text: &mut Text) {
        let name = "sessionlocker_requests_total";
        text.family(
            name,
            "counter",
            "Requests to the store that ended, by operation and result.",
        );
        for store in &self.stores {
            for (operation, ends) in OPERATIONS.iter().zip(&store.counters.requests) {
                for (result, count) in RESULTS.iter().zip(ends) {
                    let labels = with(&self.about_store(store), "operation", operation);
                    text.sample(name, &with(&labels, "result", result), count);
                }
            }
        }
        let what = (
            "sessionlocker_requests_sent_total",
            "counter",
            "Requests sent to the store, by purpose.",
        );
        self.parts_of_stores(text, what, ("purpose", &PURPOSES), |store, at| store.counters.sent[at]);
        let name = "sessionlocker_request_seconds";
        text.family(
            name,
            "histogram",
            "From sending a request to its answer, or to giving it up.",
        );
        for store in &self.stores {
            text.histogram(name, &self.about_store(store), &store.counters.request_time);
        }
        let what = (
            "sessionlocker_conflicts_total",
            "counter",
            "Writes that the store refused because something else was stored than expected.",
        );
        self.of_stores(text, what, |store| store.counters.conflicts());
    }

    fn write_stores(&self, text: &mut Text) {
        let what = (
            "sessionlocker_store_errors_total",
            "counter",
            "Requests that failed, by whose trouble it is.",
        );
        self.parts_of_stores(text, what, ("trouble", &TROUBLES), |store, at| {
            store.counters.errors[at]
        });
        let what = (
            "sessionlocker_requests_in_flight",
            "gauge",
            "Requests that the store has not answered.",
        );
        self.of_stores(text, what, |store| store.in_flight);
        let what = (
            "sessionlocker_requests_queued",
            "gauge",
            "Requests that wait to be sent, by purpose.",
        );
        self.parts_of_stores(text, what, ("purpose", &PURPOSES), |store, at| store.queued[at]);
        let what = (
            "sessionlocker_store_critical",
            "gauge",
            "Whether the store is in a critical state.",
        );
        self.of_stores(text, what, |store| u64::from(store.is_critical));
        let what = (
            "sessionlocker_store_critical_total",
            "counter",
            "How often the store has got into a critical state.",
        );
        self.of_stores(text, what, |store| store.counters.critical);
    }

    fn write_engine(&self, text: &mut Text) {
        let labels = [("server", self.server.as_str())];
        let name = "sessionlocker_events_queued";
        text.family(name, "gauge", "Events that the game has not taken yet.");
        text.sample(name, &labels, self.events_queued);
        let name = "sessionlocker_requests_per_player_hour";
        text.family(name, "gauge", "Requests sent for each hour that a session was held.");
        text.sample(name, &labels, self.requests_per_player_hour());
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
