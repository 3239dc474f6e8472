import type { Json } from '@opsflux/sdk'

export interface EntityRequest {
  method: string
  /** Decoded segments after `/api/<plugin>/`. */
  path: readonly string[]
  /** Raw, with or without its `?`. */
  query: string
  /** By lower-case name. */
  headers: Readonly<Record<string, string | undefined>>
  body: Json | undefined
}

export interface EntityResponse {
  status: number
  headers: Record<string, string>
  /** JSON. */
  text?: string
}
