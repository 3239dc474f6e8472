import { randomInt } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { OpsFluxError } from '@opsflux/sdk'

// OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, 2 iterations, 1 lane.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const minPasswordLength = 12
export const maxPasswordLength = 200

export const hashPassword = (password: string): Promise<string> => hash(password, cost)
export const isPassword = (hashed: string, password: string): Promise<boolean> => verify(hashed, password)

/** CORE-01.4.1. @throws validation-failed */
export function assertStrong(password: string, email: string): void {
  const weakness = weaknessOf(password, email)
  if (weakness) throw new OpsFluxError('validation-failed', weakness, { data: { errors: [{ path: '/next', code: 'weak-password', message: weakness }] } })
}

function weaknessOf(password: string, email: string): string | undefined {
  if (password.length < minPasswordLength) return `Choose a password of at least ${minPasswordLength} characters.`
  if (password.length > maxPasswordLength) return `Choose a password of at most ${maxPasswordLength} characters.`
  if (new Set(password).size < 5) return 'Choose a password with more different characters.'
  if (email && password.toLowerCase().includes(email.split('@')[0]?.toLowerCase() || email)) return 'Choose a password that does not contain your e-mail name.'
  return undefined
}

// Without 0 O 1 l I, which people misread on a terminal.
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'

/** A password to be used once, such as `Kp7W-xu3D-Qm9f-Ae2R`: 93 bits. */
export function oneTimePassword(): string {
  const group = (): string => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('')
  return Array.from({ length: 4 }, group).join('-')
}
