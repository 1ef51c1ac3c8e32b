// Every read there is.

import type { ReadRoute } from '../read.ts'
import { auditReads } from './audit.ts'
import { beadReads } from './beads.ts'
import { blameReads } from './blame.ts'
import { costReads } from './costs.ts'
import { decisionReads } from './decisions.ts'
import { diffReads } from './diff.ts'
import { dogReads } from './dogs.ts'
import { gateReads } from './gates.ts'
import { historyReads } from './history.ts'
import { integrationReads } from './integrations.ts'
import { knownReads } from './known.ts'
import { logReads } from './log.ts'
import { mergeOrderReads } from './merge-order.ts'
import { nudgeReads } from './nudges.ts'
import { packetReads } from './packet.ts'
import { planReads } from './plans.ts'
import { recapReads } from './recap.ts'
import { rigReads } from './rigs.ts'
import { sessionReads } from './sessions.ts'
import { spendingReads } from './spending.ts'
import { statusReads } from './status.ts'
import { trashReads } from './trash.ts'
import { whyReads } from './why.ts'
import { workerReads } from './workers.ts'

export const READS: readonly ReadRoute[] = [
  ...statusReads,
  ...beadReads,
  ...workerReads,
  ...sessionReads,
  ...costReads,
  ...decisionReads,
  ...planReads,
  ...nudgeReads,
  ...rigReads,
  ...gateReads,
  ...mergeOrderReads,
  ...integrationReads,
  ...logReads,
  ...historyReads,
  ...diffReads,
  ...recapReads,
  ...whyReads,
  ...blameReads,
  ...spendingReads,
  ...trashReads,
  ...dogReads,
  ...auditReads,
  ...knownReads,
  ...packetReads,
]
