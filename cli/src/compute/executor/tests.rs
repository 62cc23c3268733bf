//! Real commands of the shell.

use super::*;
use std::os::unix::process::CommandExt;
use std::time::Instant;

/// What a command gets unless a test is about it.
const TIME: Duration = Duration::from_secs(120);
/// The longest a killed process may take to be gone.
const PATIENCE: Duration = Duration::from_secs(60);

struct Scene {
    folder: tempfile::TempDir,
    disk: Disk,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::open(&folder.path().join("home")).expect("opens");
        std::fs::write(disk.args(7), b"some arguments").expect("writes");
        Self { folder, disk }
    }

    async fn run(&self, command: &str, time: Duration, output_bytes_max: u64) -> Executed {
        let executor = Executor { name: "test".into(), command: command.into() };
        let args = self.disk.args(7);
        let errand = Errand {
            task: 7,
            args: &args,
            time,
            output_bytes_max,
            memory_bytes_max: 1 << 20,
            clock_ms: 5,
            random_seed: "ab".into(),
        };
        executor.run(&self.disk, errand).await.expect("the disk works")
    }

    async fn check(&self, command: &str, expected: &str) {
        let found = match self.run(command, TIME, 1_000).await {
            Executed::Output(output) => format!("output {}", String::from_utf8_lossy(&output)),
            Executed::Refused => String::from("refused"),
            Executed::Failed(reason) => format!("failed: {reason}"),
        };
        assert_eq!(found, expected, "{command}");
        assert_eq!(self.disk.noted_group().expect("reads"), None, "{command}: a group is noted");
    }

    /// Where a command of this scene puts the number of a process that it started.
    fn pid_file(&self) -> std::path::PathBuf {
        self.folder.path().join("pid")
    }

    fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.pid_file()).ok()?.trim().parse().ok()
    }
}

fn is_alive(pid: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_flag_names_a_type_and_a_command() {
    let good = Executor::parse("stable-diffusion=python3 run.py --steps=20").expect("is right");
    assert_eq!(
        (good.name.as_str(), good.command.as_str()),
        ("stable-diffusion", "python3 run.py --steps=20")
    );
    let long = format!("{}=x", "a".repeat(33));
    for bad in ["noise", "=x", "Big=x", "a b=x", "a_b=x", &long, "a=", "a=  "] {
        assert!(Executor::parse(bad).is_err(), "{bad}");
    }
    let list = |names: &[&str]| {
        Executors::new(
            names.iter().map(|name| Executor::parse(&format!("{name}=x")).expect("right")).collect(),
        )
    };
    assert_eq!(list(&["b", "a"]).expect("two").types(), ["a", "b"]);
    assert!(list(&["a", "a"]).is_err());
    assert!(list(&["a", "b", "c", "d", "e"]).is_err());
}

#[tokio::test]
async fn an_exit_code_says_what_became_of_it() {
    let scene = Scene::new();
    scene.check("cat", "output some arguments").await;
    scene.check("exit 0", "output ").await;
    scene.check("echo half; exit 65", "refused").await;
    scene.check("echo half; exit 1", "failed: exit status: 1").await;
    scene.check("kill -SEGV $$", "failed: signal: 11 (SIGSEGV)").await;
    scene.check("no-such-command-anywhere", "failed: exit status: 127").await;
}

#[tokio::test]
async fn a_command_that_reads_late_or_never_is_not_stuck() {
    let scene = Scene::new();
    let args = vec![b'x'; 4 << 20];
    std::fs::write(scene.disk.args(7), &args).expect("writes");
    scene.check("sleep 0.2; cat | wc -c | tr -d ' '", "output 4194304\n").await;
    scene.check("echo done", "output done\n").await;
}

#[tokio::test]
async fn stderr_is_drained_whatever_its_size() {
    let scene = Scene::new();
    scene.check("head -c 5000000 /dev/zero >&2; echo done", "output done\n").await;
    let kept = last_of(Some(&b"0123456789"[..]), 4).await;
    assert_eq!(kept, "6789");
}

#[tokio::test]
async fn an_output_up_to_the_limit_is_taken_and_a_longer_one_ends_the_command() {
    let scene = Scene::new();
    let full = scene.run("head -c 1000 /dev/zero", TIME, 1_000).await;
    assert_eq!(full, Executed::Output(vec![0; 1_000]));
    // It would go on for ever.
    let over = scene.run("cat /dev/zero", TIME, 1_000).await;
    assert_eq!(over, Executed::Failed("more than 1000 bytes of output".into()));
    let over = scene.run("head -c 1001 /dev/zero", TIME, 1_000).await;
    assert_eq!(over, Executed::Failed("more than 1000 bytes of output".into()));
}

#[tokio::test]
async fn its_time_over_the_whole_group_is_killed() {
    let scene = Scene::new();
    let command = format!("sleep 600 & echo $! > {}; wait", scene.pid_file().display());
    let mut time = Duration::from_millis(200);
    // On a busy machine the shell may not have come so far.
    while scene.pid().is_none() {
        let found = scene.run(&command, time, 1_000).await;
        assert_eq!(found, Executed::Failed(format!("killed after {} ms", time.as_millis())));
        time *= 2;
    }
    let grandchild = scene.pid().expect("noted");
    until("the grandchild is gone", || !is_alive(grandchild)).await;
}

#[tokio::test]
async fn a_dropped_run_kills_the_whole_group() {
    let scene = Scene::new();
    let command = format!("sleep 600 & echo $! > {}; wait", scene.pid_file().display());
    tokio::select! {
        found = scene.run(&command, TIME, 1_000) => panic!("it ended: {found:?}"),
        () = until("the grandchild runs", || scene.pid().is_some()) => {}
    }
    let grandchild = scene.pid().expect("noted");
    until("the grandchild is gone", || !is_alive(grandchild)).await;
}

#[tokio::test]
async fn what_a_command_leaves_in_its_group_ends_with_it() {
    let scene = Scene::new();
    // The grandchild holds stdout, so that the pipe alone would never end.
    scene
        .check(&format!("sleep 600 & echo $! > {}; echo done", scene.pid_file().display()), "output done\n")
        .await;
    let grandchild = scene.pid().expect("noted");
    until("the grandchild is gone", || !is_alive(grandchild)).await;
}

#[tokio::test]
async fn a_command_sees_its_task_and_no_secret_of_the_node() {
    let scene = Scene::new();
    let names = "CLOCK_MS=5 MEMORY_BYTES_MAX=1048576 OUTPUT_BYTES_MAX=1000 RANDOM_SEED=ab TASK=7 TIME_MS=120000 TYPE=test";
    let listed = "env | grep ^HYDROGEN_ | sort | sed s/HYDROGEN_// | xargs echo";
    scene.check(listed, &format!("output {names}\n")).await;
    scene.check("ls -A", "output ").await;
    scene.check("touch left; ls -A", "output left\n").await;
    scene.check("ls -A", "output ").await;
}

#[tokio::test]
async fn what_a_killed_node_left_running_is_ended_at_its_next_start() {
    let scene = Scene::new();
    let spawn = || {
        let mut command = std::process::Command::new("sleep");
        command.arg("600").process_group(0).spawn().expect("runs")
    };
    let mut left = spawn();
    let pid = i32::try_from(left.id()).expect("small");
    let time = begun(pid).expect("Linux");
    scene.disk.note_group(Some(&format!("{pid} {time}"))).expect("writes");
    kill_leftover(&scene.disk).expect("works");
    assert!(!left.wait().expect("ends").success());
    assert_eq!(scene.disk.noted_group().expect("reads"), None);

    // A process that merely has the same number is left alone.
    let mut other = spawn();
    scene.disk.note_group(Some(&format!("{} 1", other.id()))).expect("writes");
    kill_leftover(&scene.disk).expect("works");
    assert!(is_alive(other.id()));
    other.kill().and_then(|()| other.wait()).expect("ends");
}
