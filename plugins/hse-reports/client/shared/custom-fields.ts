import type { CustomField } from '@opsflux/sdk'
import { shallowRef, type ShallowRef } from 'vue'
import { useHse } from './module.ts'

/** The fields that the organisation added to incidents; none while they are read, and where they cannot be. */
export function useCustomFields(): ShallowRef<readonly CustomField[]> {
  const fields = shallowRef<readonly CustomField[]>([])
  useHse().customFields('incident').then((found) => { fields.value = found }, () => undefined)
  return fields
}
