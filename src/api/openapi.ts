// The description of the API, made from the same schemas that check what comes in.

import { z } from 'zod'
import type { CommandRoute } from './command.ts'
import { REPORTS } from './commands/report.ts'
import type { ReadRoute } from './read.ts'

type Json = { readonly [key: string]: unknown }

export function openApi(commands: readonly CommandRoute[], reads: readonly ReadRoute[]): Json {
  const paths: { [path: string]: { [method: string]: Json } } = {}
  for (const { path, summary, query } of reads) {
    const schema = schemaOf(query) as { properties?: { [name: string]: Json } }
    paths[path.replace(/:(\w+)/g, '{$1}')] = {
      get: {
        summary,
        parameters: [
          ...path
            .matchAll(/:(\w+)/g)
            .map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
          ...Object.entries(schema.properties ?? {}).map(([name, each]) => ({
            name,
            in: 'query',
            schema: each,
          })),
        ],
        responses: RESPONSES,
      },
    }
  }
  for (const { name, summary, input, who } of commands) {
    paths[`/v1/commands/${name}`] = {
      post: {
        summary: who === 'session' ? `${summary} (inside a session)` : summary,
        parameters: [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string' } }],
        requestBody: { content: { 'application/json': { schema: schemaOf(input) } } },
        responses: RESPONSES,
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'gt', version: '1' },
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  }
}

/** Schemas of what an agent may post as an event, by type. */
export const reportSchemas = (): Json => ({
  types: Object.fromEntries(Object.entries(REPORTS).map(([type, schema]) => [type, schemaOf(schema)])),
  own: 'x.<name>: any JSON; kept and shown, without effect',
})

// What comes in is described, not what transforms make of it.
const schemaOf = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })

const RESPONSES: Json = {
  200: { description: 'The answer, as plain JSON.' },
  default: {
    description: 'A problem (RFC 9457) with code and remedy.',
    content: { 'application/problem+json': {} },
  },
}
