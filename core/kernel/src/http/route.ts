import type Koa from 'koa'
import type Router from '@koa/router'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { OpsFluxError, type FieldError, type Json } from '@opsflux/sdk'
import type { Static, TSchema } from 'typebox'

export interface RouteInput<P, Q, B> {
  params: P
  query: Q
  body: B
  context: Koa.Context
}

export interface RouteSpec<P extends TSchema, Q extends TSchema, B extends TSchema> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  path: string
  params?: P
  query?: Q
  body?: B
  /** Its answer is the body; undefined answers 204. `context.status` may be set for others. */
  handler(input: RouteInput<Static<P>, Static<Q>, Static<B>>): unknown
}

// Two validators: bodies are taken as they are, texts of the address are coerced to the schema's type.
const strict = new Ajv2020({ allErrors: true })
const coercing = new Ajv2020({ allErrors: true, coerceTypes: true, useDefaults: true })

/** Adds a route whose inputs are validated against their schemas; schemas compile at the first call (3 ms each). */
export function addRoute<P extends TSchema, Q extends TSchema, B extends TSchema>(router: Router, spec: RouteSpec<P, Q, B>): void {
  const params = lazily(coercing, spec.params)
  const query = lazily(coercing, spec.query)
  const body = lazily(strict, spec.body)
  router[spec.method](spec.path, async (context) => {
    const input = {
      params: check(params, { ...context['params'] }, 'invalid-request', 'address'),
      query: check(query, { ...context.query }, 'invalid-request', 'query'),
      body: check(body, (context.request as { body?: unknown }).body, 'validation-failed', 'body'),
      context: context as unknown as Koa.Context,
    } as RouteInput<Static<P>, Static<Q>, Static<B>>
    const answer = await spec.handler(input)
    if (answer === undefined) {
      if (context.body === undefined) context.status = 204
    } else context.body = answer
  })
}

function lazily(ajv: Ajv2020, schema: TSchema | undefined): () => ValidateFunction | undefined {
  let compiled: ValidateFunction | undefined
  return () => schema && (compiled ??= ajv.compile(schema))
}

function check(validator: () => ValidateFunction | undefined, value: unknown, code: 'invalid-request' | 'validation-failed', where: string): unknown {
  const validate = validator()
  if (!validate || validate(value)) return value
  const errors: FieldError[] = (validate.errors ?? []).map((error) => ({ path: error.instancePath || '/', code: error.keyword, message: error.message ?? 'is not accepted' }))
  const words = errors.map((error) => `${error.path} ${error.message}`).join('; ')
  throw new OpsFluxError(code, `The ${where} is not accepted: ${words}.`, { data: { errors: errors as unknown as Json } })
}
