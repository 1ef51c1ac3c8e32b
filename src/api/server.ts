// The HTTP API of a town, on fastify. It listens to nothing by itself: the daemon gives it a socket, a command that
// opened the town injects requests.
//
// Owns:      routes, tokens, parsing at the edge, problems as answers.
// Does not:  decide anything: commands become turns (commands/), reads look at projections and the log (reads/).
//
//   API-1. The caller is what the token says; a session does and reads only what is its own.
//   API-2. Whatever does not fit is refused before anything is decided, with one sentence that names the field.
//   API-3. A command with the same id from the same caller acts once.

import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import { maskData } from '../events/mask.ts'
import { isStep, speaksOf, stepOf } from '../past/history.ts'
import { type FeedItem, feedItems } from '../projections/feed.ts'
import { callerOf, inScope, mayCommand, operatorOnly, sessionOnly } from './callers.ts'
import type { CommandRoute } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { createEventQuota, eventsRefused } from './event-quota.ts'
import { Fault, problemOf } from './fault.ts'
import { createHooks, hooksDropped } from './hooks.ts'
import { parseInput } from './input.ts'
import { mayRead } from './may-read.ts'
import { openApi, reportSchemas } from './openapi.ts'
import { createPace } from './pace.ts'
import { createProgress, NDJSON } from './progress.ts'
import { flag, type ReadRoute } from './read.ts'
import { subjectOf } from './reads/history.ts'
import { READS } from './reads/index.ts'
import { feedFilter, feedQuery } from './reads/log.ts'
import { createStreams, startOf } from './streams.ts'
import type { Caller, TownHandle } from './town.ts'

/** A description is at most 100,000 characters; nothing of ours needs more. */
const BODY_BYTES_MAX = 1024 * 1024

const idSchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 visible ASCII characters')

export function createServer(town: TownHandle) {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  })
  const streams = createStreams(town)
  const pace = createPace(town.clock)
  const eventQuota = createEventQuota(town.clock, town.system)
  app.addHook('preClose', async () => streams.closeAll())
  app.setErrorHandler((error, _request, reply) => refuse(reply, error))
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, new Fault('ROUTE_NOT_FOUND', `There is no ${request.method} ${shortened(request.url)}.`)),
  )

  app.get('/v1/health', () => {
    const troubles = [...hooksDropped(town), ...eventsRefused(town), ...town.troubles()]
    return {
      ok: troubles.length === 0,
      seq: town.system.seq,
      pid: town.daemon?.pid ?? null,
      version: town.daemon?.version ?? null,
      troubles,
    }
  })
  app.get('/openapi.json', (request) => {
    caller(request)
    return openApi(COMMANDS, READS)
  })
  app.get('/v1/schemas', (request) => {
    caller(request)
    return reportSchemas()
  })

  for (const route of READS) app.get(route.path, (request, reply) => answerRead(route, request, reply))
  for (const route of COMMANDS)
    app.post(`/v1/commands/${route.name}`, (request, reply) =>
      answerCommand(route, caller(request), request, reply),
    )
  const report = COMMANDS.find(({ name }) => name === 'report') as CommandRoute
  app.post('/v1/events', (request, reply) => answerCommand(report, caller(request), request, reply))

  // Not slowed by the pace: they come in bursts, and a tool waits for each.
  const hooks = createHooks(town)
  app.post('/v1/hooks/:event', async (request, reply) => {
    const { event } = request.params as { readonly event: string }
    const { stdout, exitCode } = await hooks.answer({
      caller: sessionOnly(caller(request)),
      event,
      input: asObject(request.body),
      runtime: header(request, 'x-gt-runtime'),
      call: callId(header(request, 'x-gt-call')),
      signal: gone(reply),
    })
    return reply.type('text/plain; charset=utf-8').header('x-gt-exit', String(exitCode)).send(stdout)
  })

  const streamQuery = z.strictObject({ after: z.coerce.number().int().min(0).optional() })
  app.get('/v1/records/stream', (request, reply) => {
    mayWatch(caller(request))
    const { after } = parseInput(streamQuery, request.query)
    const from = startOf(town, header(request, 'last-event-id'), after)
    reply.hijack()
    streams.open(reply.raw, from, (_record, line) => [line])
  })
  const feedStreamQuery = streamQuery.extend(feedQuery)
  app.get('/v1/feed/stream', (request, reply) => {
    mayWatch(caller(request))
    const query = parseInput(feedStreamQuery, request.query)
    const view = { projections: town.projections, seq: town.system.seq, past: false }
    const fits: (item: FeedItem) => boolean = feedFilter(view, query)
    const from = startOf(town, header(request, 'last-event-id'), query.after)
    reply.hijack()
    streams.open(reply.raw, from, (record) =>
      feedItems(record)
        .filter(fits)
        .map((item) => JSON.stringify(item)),
    )
  })
  const historyStreamQuery = streamQuery.extend({ steps: flag.default(false) })
  app.get('/v1/history/:id/stream', (request, reply) => {
    mayWatch(caller(request))
    const query = parseInput(historyStreamQuery, request.query)
    const subject = subjectOf(town.projections, (request.params as { readonly id: string }).id)
    const fits = query.steps ? isStep : speaksOf
    const from = startOf(town, header(request, 'last-event-id'), query.after)
    reply.hijack()
    streams.open(reply.raw, from, (record) => (fits(record, subject) ? [JSON.stringify(stepOf(record))] : []))
  })
  return app

  // --- one request -------------------------------------------------------------------------------------------

  function caller(request: FastifyRequest): Caller {
    return callerOf(town, request.headers.authorization)
  }

  async function answerRead(
    route: ReadRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> {
    const who = caller(request)
    inScope(who, 'read')
    await pace(who)
    const asked = parseInput(route.query, request.query)
    const params = request.params as Readonly<Record<string, string>>
    const query: { readonly at?: string } =
      who.kind === 'session' ? mayRead(town, who, route, { params, query: asked }) : asked
    if ((query.at !== undefined && route.outside !== true) || route.past === true) {
      const text = await town.past.read({ path: route.path, caller: who, params, query }, gone(reply))
      return reply.type('application/json; charset=utf-8').send(text)
    }
    const view = { projections: town.projections, seq: town.system.seq, past: false }
    return route.run({ town, caller: who, view, query, params, signal: gone(reply) })
  }

  async function answerCommand(
    route: CommandRoute,
    who: Caller,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    inScope(who, route.scope ?? 'write')
    // Refused at once: it must not wait for its turn only to hear that.
    if (route.name === 'report' && who.kind === 'session') eventQuota(who)
    await pace(who)
    if (route.who === 'operator') operatorOnly(who)
    else if (route.who !== 'anyone' && route.who !== 'session') mayCommand(who, route.who)
    else if (route.who === 'session') sessionOnly(who)
    const { id: inBody, ...body } = asObject(request.body)
    const given = header(request, 'idempotency-key') ?? inBody
    const id =
      given === undefined
        ? `gt-${town.ids.random(20)}`
        : parseInput(z.object({ id: idSchema }), { id: given }).id
    const posted = parseInput(route.input, body)
    // What an agent says goes into the log, and there it stays.
    const input = who.kind === 'session' ? maskData(posted, town.masker) : posted
    const progress = header(request, 'accept')?.includes(NDJSON) === true ? createProgress(reply) : null
    const context = { town, caller: who, input, id, signal: gone(reply), onProgress: progress?.say }
    return progress === null ? route.run(context) : progress.answer(route.run(context))
  }
}

function mayWatch(who: Caller): void {
  operatorOnly(who)
  inScope(who, 'read')
}

function refuse(reply: FastifyReply, error: unknown) {
  const { status, ...rest } = problemOf(error)
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ status, ...rest })
}

function asObject(body: unknown): { readonly [key: string]: unknown; readonly id?: unknown } {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw new Fault('INPUT_INVALID', 'The body must be one JSON object.')
  return body as { readonly [key: string]: unknown }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Named by a launcher; one that does not fit is none. */
const callId = (given: string | undefined): string | undefined =>
  given !== undefined && /^[\w.-]{1,60}$/.test(given) ? given : undefined

/** Aborted when the caller hangs up before it has its answer. */
function gone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.on('close', () => controller.abort())
  return controller.signal
}

const shortened = (url: string): string => (url.length > 100 ? `${url.slice(0, 100)}…` : url)
