import type { Readable } from 'node:stream'
import { readStrictJson } from '@opsflux/registry-metadata'
import { OpsFluxError, type Json } from '@opsflux/sdk'

/** Reads a JSON object of at most `maxBytes`. @throws payload-too-large, invalid-request */
export async function readJsonBody(stream: Readable, maxBytes: number): Promise<{ [key: string]: Json }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > maxBytes) throw new OpsFluxError('payload-too-large', `The request is longer than the ${maxBytes} bytes this address takes.`)
    chunks.push(chunk)
  }
  const value = parse(Buffer.concat(chunks))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OpsFluxError('invalid-request', 'The body is not a JSON object.')
  return value
}

function parse(bytes: Buffer): Json {
  try {
    return readStrictJson(bytes)
  } catch (cause) {
    throw new OpsFluxError('invalid-request', `The body cannot be read: ${cause instanceof Error ? cause.message : 'it is not JSON'}.`, { cause })
  }
}
