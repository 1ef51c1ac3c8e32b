// The glossary: each word of our own with its plain word. `gt help words`, the docs and the dashboard print this one.
//
// Owns:      the words, and which five of them a new user meets on the way to a first landing.
// Always:    FIRST_WORDS are all nouns of our own that help, status and the errors of that way may use.

export type Word = { readonly word: string; readonly plain: string; readonly meaning: string }

const word = (name: string, plain: string, meaning: string): Word => ({ word: name, plain, meaning })

/** The five. */
export const FIRST_WORDS: readonly Word[] = [
  word(
    'town',
    'folder of all your work',
    'what gt install makes: projects, agents and the log of all that happened',
  ),
  word('rig', 'project', 'a git repository that the town works on'),
  word('bead', 'unit of work', 'something to be done, with an id, from made to landed'),
  word('polecat', 'worker', 'an agent with a name of its own, that does one bead at a time'),
  word(
    'Refinery',
    'merge queue',
    'tests finished work and lands it on the target branch, one after the other',
  ),
]

/** The others; only `gt help words` and the docs speak of them. */
const MORE_WORDS: readonly Word[] = [
  word(
    'Mayor',
    'dispatcher',
    'gives free places to waiting beads, and is told when something needs a person',
  ),
  word('Deacon', 'supervisor', 'decides who may begin again after a process died'),
  word(
    'Witness',
    'inspector of a rig',
    'checks finished work before the Refinery gets it, and cleans up after it',
  ),
  word('overseer', 'you', 'the person who runs the town'),
  word('hook', 'assignment', 'the bead an agent has; work on a hook is done before anything else'),
  word('sling', 'hand over', 'puts a bead on a hook, or into the queue when there is no place'),
  word('dispatch queue', 'waiting line', 'beads that were slung and have no place yet, each with a reason'),
  word(
    'sandbox',
    'place of one assignment',
    'one worktree and one branch, from the first attempt to the landing',
  ),
  word('session', 'one process', 'one program in one terminal, from its start to its exit'),
  word('gate', 'check', 'a command that must pass before work lands'),
  word('crew', 'your own workplaces', 'agents that you direct, each in a worktree that nothing cleans away'),
  word(
    'desk',
    'the Mayor’s own session',
    'where you talk to the Mayor, who turns what you ask for into a plan',
  ),
  word('plan', 'proposed beads', 'beads that are made together, by your yes: filed, or filed and slung'),
  word(
    'receipt',
    'proof of a landing',
    'commit, tree, gates with exit codes, and the proof that the patch is in the target',
  ),
  word('escalation', 'question to a person', 'something that no rule decides'),
  word(
    'record',
    'line of the log',
    'one change of one owner: what came in, what it led to, who, when and why',
  ),
  word('fact', 'what happened', 'past tense, kept for ever: BeadHooked'),
  word(
    'replay',
    'rebuild',
    'makes all state again from the log alone, and compares it with the state that is held',
  ),
  word('bisect', 'find when', 'halves the log until it has the record at which something became so'),
  word('CV', 'work record', 'what a polecat has done so far'),
  word(
    'preset',
    'kind of agent',
    'how an agent program is started: claude, codex, gemini, opencode, or your own',
  ),
  word(
    'fork',
    'a town apart',
    'a town made of another one’s past, that goes on by itself and reaches nothing outside',
  ),
  word('parent', 'town of a fork', 'the town that a fork was made of, as it was at one record'),
  word('rejoin', 'make real again', 'lets one rig of a fork land again where its parent’s does'),
  word('convoy', 'work order', 'several beads that belong together'),
  word('molecule', 'running workflow', 'a formula poured into steps'),
]

export const WORDS: readonly Word[] = [...FIRST_WORDS, ...MORE_WORDS]

/** `rig (project)`: how a word is written where it is met first. */
export const firstSight = (name: string): string => {
  const found = WORDS.find(({ word: each }) => each === name)
  return found === undefined ? name : `${found.word} (${found.plain})`
}
