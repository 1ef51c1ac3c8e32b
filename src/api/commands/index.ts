// All commands, by name: `POST /v1/commands/<name>`.

import type { CommandRoute } from '../command.ts'
import { beadCommands } from './bead.ts'
import { beadNeedCommands } from './bead-needs.ts'
import { brakeCommands } from './brakes.ts'
import { configCommands } from './config.ts'
import { crewCommands } from './crew.ts'
import { decisionCommands } from './decision.ts'
import { doneCommands } from './done.ts'
import { forkCommands } from './fork.ts'
import { handoffCommands } from './handoff.ts'
import { integrationCommands } from './integration.ts'
import { keepingCommands } from './keeping.ts'
import { mergeUndoCommands } from './mq-undo.ts'
import { nudgeCommands } from './nudge.ts'
import { pastCommands } from './past.ts'
import { planCommands } from './plan.ts'
import { primeCommands } from './prime.ts'
import { reportCommands } from './report.ts'
import { reviewCommands } from './review.ts'
import { rigCommands } from './rig.ts'
import { rigParkCommands } from './rig-park.ts'
import { rigRestoreCommands } from './rig-restore.ts'
import { seanceCommands } from './seance.ts'
import { slingCommands } from './sling.ts'
import { townCommands } from './town.ts'
import { trashCommands } from './trash.ts'
import { webCommands } from './web.ts'

export const COMMANDS: readonly CommandRoute[] = [
  ...beadCommands,
  ...beadNeedCommands,
  ...slingCommands,
  ...rigCommands,
  ...rigParkCommands,
  ...rigRestoreCommands,
  ...forkCommands,
  ...configCommands,
  ...townCommands,
  ...mergeUndoCommands,
  ...integrationCommands,
  ...brakeCommands,
  ...pastCommands,
  ...doneCommands,
  ...handoffCommands,
  ...reviewCommands,
  ...seanceCommands,
  ...decisionCommands,
  ...crewCommands,
  ...planCommands,
  ...primeCommands,
  ...reportCommands,
  ...nudgeCommands,
  ...keepingCommands,
  ...trashCommands,
  ...webCommands,
]
