import { Type, type TSchema } from 'typebox'
import { limitNames } from './limits.ts'

/** Figures by name, `null` to give one back. Their bounds are judged apart: they depend on the platform. */
export const limitChanges: TSchema = Type.Object(
  Object.fromEntries(limitNames.map((name) => [name, Type.Optional(Type.Union([Type.Number(), Type.Null()]))])), { additionalProperties: false })
