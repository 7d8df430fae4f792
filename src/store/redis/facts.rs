//! How a server is set up, and what that means for saves that were reported.

use super::bare::Bare;
use super::RedisOptions;
use crate::store::remote::trouble::Trouble;
use ::redis::{cmd, Pipeline, Value};

/// Why a server can lose what it confirmed; empty if it does not. One for each reason.
pub(super) fn losses(bare: &Bare, options: &RedisOptions) -> Result<Vec<String>, Trouble> {
    let mut pipeline = Pipeline::new();
    for name in ["appendonly", "appendfsync", "maxmemory", "maxmemory-policy"] {
        pipeline.cmd("CONFIG").arg("GET").arg(name);
    }
    pipeline.add_command(cmd("ROLE"));
    let answers = bare.ask(&pipeline)?;
    let [log, flush, limit, policy, role] = &answers[..] else {
        return Err(Trouble::lost("no answer about the server's settings"));
    };
    let mut losses = losses_of_process(&[log, flush, limit, policy].map(setting));
    losses.extend(loss_at_failover(role, options.wait_replicas));
    Ok(losses)
}

/// The answer to CONFIG GET: a name and its value.
fn setting(answer: &Value) -> Option<String> {
    match answer.as_sequence()? {
        [_, Value::BulkString(value)] => String::from_utf8(value.clone()).ok(),
        _ => None,
    }
}

fn losses_of_process(settings: &[Option<String>; 4]) -> Vec<String> {
    let [Some(log), Some(flush), Some(limit), Some(policy)] = settings else {
        return vec![
            "the server does not tell how it is set up (CONFIG GET is refused): see to it that it has appendonly yes and \
             appendfsync always, and throws nothing away when its memory is full"
                .to_owned(),
        ];
    };
    let mut losses = Vec::new();
    if log != "yes" {
        losses.push(format!(
            "the server keeps no log of its writes (appendonly {log}): whenever it ends, saves that were reported are lost"
        ));
    } else if flush != "always" {
        losses.push(format!(
            "the server answers before it has flushed a write to its disk (appendfsync {flush}): a crash can lose saves of \
             the last seconds that were reported"
        ));
    }
    // Nothing of ours has a time to live, so the policies that only take such values take nothing.
    if limit != "0" && policy.starts_with("allkeys") {
        losses.push(format!(
            "the server throws values away when its memory is full (maxmemory-policy {policy}): records will be missing; set \
             noeviction"
        ));
    }
    losses
}

/// A primary answers ROLE with its name, its offset, and its replicas.
fn loss_at_failover(role: &Value, wait_replicas: u32) -> Option<String> {
    let replicas = match role.as_sequence()? {
        [_, _, Value::Array(replicas)] => replicas.len(),
        _ => return None,
    };
    if wait_replicas as usize > replicas {
        return Some(format!(
            "{replicas} replicas are connected, and each write waits for {wait_replicas}: no save will be reported"
        ));
    }
    (replicas > 0 && wait_replicas == 0).then(|| {
        "its replicas get writes after they were answered, and none are waited for: a failover can lose saves that were \
         reported"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(settings: [&str; 4]) -> usize {
        losses_of_process(&settings.map(|setting| Some(setting.to_owned()))).len()
    }

    #[test]
    fn each_setting_that_loses_is_told() {
        assert_eq!(losses(["yes", "always", "0", "noeviction"]), 0);
        assert_eq!(losses(["yes", "always", "0", "allkeys-lru"]), 0);
        assert_eq!(losses(["yes", "always", "100", "volatile-lru"]), 0);
        assert_eq!(losses(["yes", "always", "100", "allkeys-lru"]), 1);
        assert_eq!(losses(["yes", "everysec", "0", "noeviction"]), 1);
        assert_eq!(losses(["no", "always", "100", "allkeys-random"]), 2);
        assert_eq!(losses_of_process(&[Some("yes".to_owned()), None, None, None]).len(), 1);
    }

    #[test]
    fn replicas_that_nobody_waits_for_are_told() {
        let role = |replicas: usize| {
            let name = Value::BulkString(b"master".to_vec());
            Value::Array(vec![name, Value::Int(1), Value::Array(vec![Value::Nil; replicas])])
        };
        assert_eq!(loss_at_failover(&role(0), 0), None);
        assert_eq!(loss_at_failover(&role(2), 1), None);
        assert!(loss_at_failover(&role(1), 0).is_some());
        assert!(loss_at_failover(&role(1), 2).is_some());
    }
}
