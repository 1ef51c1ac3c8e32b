// Every code that a caller can be handed: its HTTP status, and what to do about it.
//
// Owns:      codes, statuses, remedies. Codes are kept for ever; sentences may be reworded any day.
// Does not:  hold the message of a fault (who refuses writes it); know schemas: the command line loads this file.
// Always:    each code has a row in docs/errors.md (a test compares); a code that is not here is answered as 409.

export type FaultRow = {
  readonly status: number
  /** One sentence that tells a person what to do. */
  readonly remedy: string
}

const row = (status: number, remedy: string): FaultRow => ({ status, remedy })

const asking = {
  INPUT_INVALID: row(400, 'Correct the named field; GET /openapi.json has the schema.'),
  BODY_TOO_LARGE: row(413, 'Send less than 1 MB; put long texts into a file of the repository.'),
  TOKEN_MISSING: row(401, 'Send the header Authorization: Bearer <token>.'),
  TOKEN_UNKNOWN: row(401, 'Use the token of this town: .gt/operator.token, or GT_TOKEN_FILE for an agent.'),
  FORBIDDEN: row(403, 'Ask the person who runs the town to do it.'),
  SCOPE_MISSING: row(403, 'Use a token that was made for it: gt token create --scopes read,write.'),
  TOKEN_NOT_FOUND: row(404, 'gt token list shows those there are.'),
  LINK_OVER: row(403, 'Get a new link: gt dashboard --open.'),
  HOST_NOT_ALLOWED: row(403, 'Ask by the address that gt dashboard shows.'),
  ORIGIN_NOT_ALLOWED: row(403, 'Open the page by its own address: gt dashboard --open.'),
  HTTP_ADDRESS_INVALID: row(400, 'Write a port, or 127.0.0.1:<port>; 0 is any free one.'),
  HTTP_NOT_LOOPBACK: row(400, 'Name 127.0.0.1, and reach it from elsewhere through ssh -L.'),
  HTTP_PORT_TAKEN: row(409, 'Name another port: gt up --http 127.0.0.1:<port>; 0 is any free one.'),
  ASSIGNMENT_OVER: row(403, 'Stop here: the work has another worker or is over; what you have is kept.'),
  NOT_IN_A_SESSION: row(403, 'This is said by an agent at work; a person uses gt status and gt sling.'),
  ROUTE_NOT_FOUND: row(404, 'GET /openapi.json lists what there is.'),
  POSITION_INVALID: row(400, 'Give a record number, an ISO time, HH:MM, or a time ago like 15m.'),
  POSITION_IN_FUTURE: row(400, 'Give a moment that has been; gt log -n 1 shows the last record.'),
  CURSOR_INVALID: row(400, 'Ask again without a cursor.'),
  AMBIGUOUS: row(409, 'Write more of the name; the candidates are listed.'),
  TIMED_OUT: row(504, 'Ask again, or wait longer with --timeout.'),
  INTERNAL: row(500, 'This is a defect of gt: please report it with the message.'),
  UNEXPECTED: row(409, 'See where things stand with gt status.'),
  TOO_MANY_IN_A_ROW: row(409, 'This is a defect of gt: please report it with gt why.'),
  NOTHING: row(409, 'See where things stand with gt status.'),
  NO_SUCH_OWNER: row(404, 'Check the name; gt status lists what there is.'),
  RECORD_NOT_FOUND: row(404, 'gt log shows the records there are.'),
  COMMIT_NOT_LANDED: row(404, 'git show <commit> says who made it; gt mq list shows what gt has landed.'),
  PAST_BUSY: row(409, 'Wait until the other is done, or end it with Ctrl-C; then ask again.'),
  NO_TURN: row(409, 'Choose ends that differ with --from and --to, or look for any turn with --first.'),
  EXPRESSION_INVALID: row(
    400,
    'Correct the expression at that place; gt help bisect shows how one is written.',
  ),
  EXPRESSION_TOO_SLOW: row(
    408,
    'Ask for less: name one list, and filter it first, as in beads[id="sh-4f"].status.',
  ),
  PAST_ENDED: row(503, 'Ask again; if it happens twice, gt log verify looks whether the log is whole.'),
} satisfies Record<string, FaultRow>

const beads = {
  BEAD_NOT_FOUND: row(404, 'gt bead list shows the beads there are.'),
  BEAD_EXISTS: row(409, 'Ask again; another id will be made.'),
  BEAD_CLOSED: row(409, 'Open it again first: gt bead reopen <bead>.'),
  BEAD_NOT_CLOSED: row(409, 'It is open already; gt bead show <bead> says more.'),
  BEAD_HOOKED: row(409, 'Somebody works on it already; gt status shows who.'),
  BEAD_QUEUED: row(409, 'It starts by itself when there is a place; gt status says what it waits for.'),
  BEAD_BLOCKED: row(409, 'Finish what it needs first; gt bead show <bead> lists that.'),
  BEAD_DEFERRED: row(409, 'Open it again first: gt bead reopen <bead>.'),
  BEAD_OF_ANOTHER_RIG: row(409, 'Name the rig it belongs to, or none.'),
  DEPENDENCY_CYCLE: row(409, 'Leave out one of the needs on the path that is shown.'),
  TOO_MANY_NEEDS: row(409, 'Put a bead in between that stands for several.'),
  NO_PLACE: row(409, 'Leave out --now and it waits for a place, or raise limits.polecats of the rig.'),
  AGENT_NOT_FOUND: row(404, 'gt agents lists those there are.'),
  AGENT_BUSY: row(409, 'Name another polecat, or none.'),
  AGENT_NOT_CHOSEN: row(
    409,
    'Set one: gt config set agents.mine.command \'["/abs/program"]\' and gt config set agents.default mine.',
  ),
  AGENT_UNKNOWN: row(
    409,
    'Name one of those, or say how yours is started: gt config set agents.<name>.command \'["/abs/program"]\'.',
  ),
  AGENT_SETTINGS_BROKEN: row(409, 'Correct that file; then ask again.'),
  AGENT_NOT_INSTALLED: row(
    409,
    'Install it, or name another with --agent; gt doctor --agents shows what is there.',
  ),
  AGENT_TOO_OLD: row(409, 'Update it; gt doctor --agents shows which version is needed.'),
  AGENT_NOT_LOGGED_IN: row(
    409,
    'Log in as it says, then ask again; gt doctor --agents shows where things stand.',
  ),
  CREW_NOT_FOUND: row(404, 'gt crew list shows those there are; gt crew add makes one.'),
  CREW_EXISTS: row(409, 'Go there with gt crew at <name>, or take another name.'),
  CREW_AT_WORK: row(409, 'Go there with gt crew at <name>, or end it with gt crew stop <name>.'),
  CREW_NOT_READY: row(409, 'gt crew list says what its worktree waits for.'),
  PLAN_INVALID: row(400, 'Correct the plan and propose it again; nothing was changed.'),
  PLAN_NOT_FOUND: row(404, 'gt plan list shows the plans there are.'),
  PLAN_OVER: row(409, 'Propose it anew: gt plan propose <file>.'),
  AGENT_HAS_NO_WORK: row(409, 'Hand it a bead with gt sling <bead> <polecat>.'),
  AGENT_HAS_NO_SESSION: row(409, 'gt agents shows what it waits for.'),
  ASKS_TOO_MANY: row(409, 'Answer some of those that are open first: gt inbox.'),
  NOTE_TOO_LONG: row(413, 'Put the long part into a file of the worktree, and name the file in the note.'),
  USAGE_STALE: row(409, 'Read on from the mark that is named.'),
  NUDGE_EMPTY: row(400, 'Say something: gt nudge <agent> <text>.'),
  NUDGE_TOO_LONG: row(413, 'Put the text into a file of the repository, and name the file.'),
  NUDGE_IS_A_COMMAND: row(400, 'Put a word before it.'),
  NUDGE_NOT_FOUND: row(404, 'gt nudge list shows those that are open, and the last that were.'),
  NUDGE_TYPED: row(409, 'gt nudge show <id> says what becomes of it.'),
  NUDGE_TOO_MANY: row(409, 'Wait until some of them are read; gt agents shows what it does.'),
  NUDGE_TIMED_OUT: row(504, 'See what the agent does with gt peek <agent>; then send it again.'),
  NUDGE_NOT_TAKEN: row(409, 'See what the agent does with gt peek <agent>; then send it again.'),
  DECISION_NOT_FOUND: row(404, 'gt inbox shows what is open, gt inbox --all what was.'),
  DECISION_OVER: row(409, 'gt inbox shows what is still open.'),
  CHOICE_UNKNOWN: row(400, 'Answer with one of those that are listed; gt inbox shows them.'),
  ALWAYS_NOT_POSSIBLE: row(
    409,
    'Answer without --always, or write the rule: gt config set permissions.rules … --rig <rig>.',
  ),
  RULES_TOO_MANY: row(409, 'Bring some rules together: gt config get permissions.rules --rig <rig>.'),
  ESCALATION_NOT_FOUND: row(404, 'gt escalate list shows what is open.'),
} satisfies Record<string, FaultRow>

const rigs = {
  RIG_NOT_FOUND: row(404, 'gt rig list shows the rigs there are; gt rig add <name> <url or path> makes one.'),
  RIG_EXISTS: row(409, 'Choose another name; gt rig list shows the rigs there are.'),
  RIG_NOT_CHOSEN: row(409, 'Name the rig: --rig <name>. gt rig add <name> <url or path> makes one.'),
  RIG_NOT_READY: row(409, 'Wait until it is cloned; gt rig show <rig> says how far it is.'),
  RIG_PARKED: row(409, 'gt rig unpark <rig> lets it go on.'),
  RIG_NOT_PARKED: row(409, 'gt rig show <rig> says what it waits for.'),
  RIG_NOT_APART: row(409, 'Only a rig of a fork can rejoin; gt rig show <rig> says where it lands.'),
  REJOIN_DIFFERS: row(409, 'gt rig show <rig> names the remote that it would rejoin.'),
  FORK_RIG_LOST: row(409, 'Add the rig to the fork anew: gt rig add <name> <url or path>.'),
  RESUME_LATE: row(409, 'See where things stand with gt status.'),
  RIG_HAS_NO_GATE: row(
    409,
    'Set what must pass: gt config set gates.test \'{"command":["npm","test"]}\' --rig <rig>; or land unchecked: gt config set gates.none true --rig <rig>.',
  ),
  PREFIX_TAKEN: row(409, 'Choose another with --prefix.'),
  NAME_INVALID: row(400, 'Use a-z, 0-9, "-" and "_", beginning with a letter or digit.'),
  SETTING_UNKNOWN: row(404, 'gt config list --all shows the names that can be set.'),
  SETTING_INVALID: row(400, 'Correct the value; lists and commands are written as JSON.'),
  NOT_A_REPOSITORY: row(400, 'Give the path or URL of a git repository; git init makes one.'),
  REPOSITORY_EMPTY: row(400, 'Make a first commit in it.'),
  TARGET_NOT_FOUND: row(400, 'Name a branch that is there: --target <branch>.'),
  TARGET_CHECKED_OUT_DIRTY: row(409, 'Commit or stash what is changed there; then gt mq retry <rig>.'),
  TARGET_REFUSED: row(409, 'Allow the push at the remote; then gt mq retry <rig>.'),
  REMOTE_UNREACHABLE: row(502, 'Check the address and your access with git ls-remote; then ask again.'),
  REMOTE_HAS_NO_ORIGIN: row(400, 'Give it an origin, or land in the path itself with --local.'),
  WORKTREE_DIRTY: row(409, 'Commit the named files, or remove them, then gt done again.'),
  SUBMITTED_ALREADY: row(409, 'End here: the work is with the Refinery.'),
  SESSION_STILL_ENDING: row(409, 'Ask again in a few seconds.'),
  NOTHING_TO_SUBMIT: row(409, 'Commit your work first, or give it back: gt done --status DEFERRED.'),
  WORK_NOT_SUBMITTED: row(
    409,
    'Say --yes to take it away all the same; it is kept, and gt polecat undo <polecat>, or gt trash restore <id>, brings it back.',
  ),
  WORK_IS_LANDING: row(409, 'Wait until it has landed or comes back; gt mq list shows where it is.'),
  WORK_IS_ENDING: row(409, 'gt agents shows where things stand.'),
  NOTHING_TO_UNDO: row(409, 'gt trash list shows what can come back.'),
  BEAD_NOT_OPEN: row(
    409,
    'gt bead show <bead> says where it is; gt trash restore <id> brings back the files.',
  ),
  BEAD_NOT_HOOKED: row(409, 'gt bead show <bead> says where it is.'),
  TRASH_NOT_FOUND: row(404, 'gt trash list shows what can come back.'),
  NOTHING_KEPT: row(404, 'gt trash list shows what else can come back.'),
  RESTORE_TARGET_TAKEN: row(409, 'Name another one with --branch <name> or --to <folder>.'),
  CONFIRMATION_NEEDED: row(400, 'Say --yes when you mean it.'),
  WORKTREE_MISSING: row(409, 'gt why <bead> shows what became of it.'),
  BRANCH_MISSING: row(409, 'gt why <bead> shows what became of it.'),
  SETUP_FAILED: row(
    409,
    'Run the setup command by hand in a clone, or change it: gt config set setup … --rig <rig>.',
  ),
  NOT_PROVED: row(409, 'gt why <bead> shows what was compared; nothing was removed.'),
  GIT_TOO_OLD: row(500, 'Install a newer git.'),
  GIT_FAILED: row(500, 'Read what git said; then ask again.'),
  WORKER_GONE: row(503, 'Ask again in a moment.'),
  MERGE_REQUEST_NOT_FOUND: row(404, 'gt mq list shows what is there.'),
  BRANCH_MOVED: row(409, 'gt why <bead> shows what was submitted, and what is there now.'),
  GATE_NOT_STARTED: row(
    409,
    'Correct the command of the gate: gt config list --rig <rig>; then gt mq retry <rig>.',
  ),
  TREE_DIFFERS: row(500, 'This is a defect of gt: please report it with gt why.'),
  MERGE_QUEUED: row(409, 'gt mq list shows it.'),
  WITHDRAWN: row(409, 'It is no longer in the queue.'),
  NOTHING_HELD: row(409, 'gt mq list shows where things stand.'),
  RIG_NAME_DIFFERS: row(409, 'This is a defect of gt: please report it.'),
  NOT_LANDED: row(409, 'gt mq show <bead> says where it is.'),
} satisfies Record<string, FaultRow>

const town = {
  NO_TOWN: row(404, 'Make one with gt install <folder>, or name it: --town <folder>.'),
  TOWN_NOT_CHOSEN: row(409, 'Name it: --town <folder>, or go into its folder.'),
  TOWN_EXISTS: row(409, 'It is a town already: gt up starts it.'),
  FOLDER_NOT_EMPTY: row(409, 'Choose a folder that is empty or does not exist yet.'),
  FORK_INSIDE: row(400, 'Name a folder that is in no town and in no repository of one.'),
  FORK_BUSY: row(409, 'Wait for it, or end that process and ask again.'),
  NO_ROOM: row(507, 'Make room there, or name a folder on another disk.'),
  DAEMON_DOWN: row(503, 'Start the town: gt up.'),
  DAEMON_RUNNING: row(409, 'It runs already; gt status shows it.'),
  DAEMON_NOT_STARTED: row(500, 'Read the last lines of .gt/daemon.log in the town.'),
  TOWN_NOT_FOUND: row(404, 'Make one with gt install <folder>, or name it: --town <folder>.'),
  TOWN_NEWER: row(500, 'This town was made by a newer gt: install that version.'),
  TOWN_UP: row(409, 'The town runs: gt status shows it; gt down stops it.'),
  MACHINE_NOT_FOUND: row(404, 'gt machine --list shows all.'),
  TOWN_CLOSING: row(503, 'Ask again when it is up: gt up.'),
  TOWN_BUSY: row(503, 'Ask again in a second.'),
  TURN_UNKNOWN: row(503, 'Ask again with the same id; nothing is done twice.'),
  TOWN_UNREACHABLE: row(503, 'See whether the town runs: gt status; start it with gt up.'),
  OPERATOR_TOKEN_MISSING: row(500, 'Run gt as the user who owns the town; gt up makes the token again.'),
  SOCKET_PATH_TOO_LONG: row(400, 'Make the town in a folder with a shorter path.'),
  USAGE: row(400, 'gt help <command> shows how it is written.'),
  LOG_MISSING: row(500, 'Bring .gt/log back from a backup; gt never makes a new one in its place.'),
  LOG_EXISTS: row(409, 'It is a town already: gt up starts it.'),
  LOG_LOCKED: row(503, 'Another gt has the town open; ask again in a second.'),
  LOG_DAMAGED: row(500, 'gt log verify names the records; work on a copy from here on.'),
  BACKUP_FAILED: row(
    500,
    'Make room, or correct the rights of the folder; nothing was changed. Then ask again.',
  ),
  NOT_MIGRATED: row(500, 'Go on with the gt that wrote this town last, and report it; nothing was changed.'),
  PROGRAM_NOT_COPIED: row(500, 'Make room, or correct the rights of .gt in the town; then gt up.'),
  LOG_NEWER: row(500, 'This town was written by a newer gt: install that version.'),
  LOG_POISONED: row(503, 'Ask again in a moment; the log is being opened anew.'),
  LOG_CLOSED: row(503, 'Start the town: gt up.'),
  LOG_UNAVAILABLE: row(503, 'Look for a full disk or missing rights, then ask again.'),
  ENTRY_TOO_LARGE: row(413, 'Send less; put long texts into a file of the repository.'),
  NOT_STARTED: row(500, 'Check the command of the agent: gt config get agents.<name>.command.'),
  SESSION_NOT_FOUND: row(404, 'gt seance lists those there were.'),
  SESSION_UNKNOWN: row(404, 'It does not run any more; gt status shows what became of it.'),
  HOST_GONE: row(503, 'Restart the town: gt restart.'),
  HOST_REFUSED: row(503, 'Restart the town: gt restart.'),
  HOST_BUSY: row(409, 'End the sessions first: gt down.'),
  INPUT_REFUSED: row(409, 'The program does not read now; try again.'),
  STOPPED_ALREADY: row(409, 'gt status shows since when; gt thaw lets everybody go on.'),
  NOT_STOPPED: row(409, 'gt status shows who works; gt estop stops everybody.'),
  STOPPED: row(409, 'Let everybody go on first: gt thaw.'),
  BUDGET_USED_UP: row(
    409,
    'Raise it with gt budget set, take it away with gt budget unset, or wait for the next day.',
  ),
  BUDGET_INVALID: row(400, 'Write an amount and how often: 40usd/day, 5usd/total, 2000000tokens/day.'),
  BUDGET_NOT_FOUND: row(404, 'gt budget list shows what is set.'),
  PRICES_INVALID: row(
    400,
    'Correct the named field of prices.json in the town; the prices that came with gt hold until then.',
  ),
  HOOKS_DROPPED: row(
    503,
    'gt peek <agent> shows what it does; what those hooks would have said is not in the feed.',
  ),
  STOP_INCOMPLETE: row(500, 'End the named processes by hand.'),
} satisfies Record<string, FaultRow>

/** By code. */
export const FAULTS = { ...asking, ...beads, ...rigs, ...town } as const

export type FaultCode = keyof typeof FAULTS

/** The row of a code, also of one that only a machine knows. */
export const faultRow = (code: string): FaultRow =>
  Object.hasOwn(FAULTS, code)
    ? FAULTS[code as FaultCode]
    : { status: 409, remedy: 'gt why shows how it came to this.' }
