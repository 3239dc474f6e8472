import { isOpsFluxError } from '@opsflux/sdk/client'
import { computed, nextTick, ref, watch, type Ref } from 'vue'
import { useLoad } from '../shared/load.ts'
import { useHse, type Incident } from '../shared/module.ts'
import { fieldErrorsOf, focusFirstError, messageOf, missingFields } from '../shared/problems.ts'
import { changesOf, draftOf, requiredFields } from './draft.ts'

type Work = 'save' | 'submit' | 'close'

/** Reads one incident, holds its draft, saves changes and takes it through its states. */
export function useIncidentEditor(id: string, form: Readonly<Ref<HTMLFormElement | null>>) {
  const { api, t, toast } = useHse()
  const { data: incident, phase, problem, reload } = useLoad(() => api.entities.incident.get(id))
  const draft = ref(draftOf())
  const errors = ref<Record<string, string>>({})
  const refused = ref('')
  const stale = ref(false)
  const working = ref<Work>()
  const changed = computed(() => incident.value !== undefined && Object.keys(changesOf(draft.value, incident.value)).length > 0)

  watch(incident, (now) => {
    draft.value = draftOf(now)
    forgive()
  }, { immediate: true })

  function forgive(): void {
    errors.value = {}
    refused.value = ''
    stale.value = false
  }

  async function work(kind: Work, done: string, run: (current: Incident) => Promise<Incident>): Promise<void> {
    forgive()
    errors.value = missingFields(draft.value, requiredFields, t)
    if (incident.value && !working.value && Object.keys(errors.value).length === 0) {
      working.value = kind
      try {
        incident.value = await run(incident.value)
        toast(t(done), 'success')
      } catch (error) {
        errors.value = fieldErrorsOf(error)
        refused.value = messageOf(error, t)
        stale.value = isOpsFluxError(error) && error.code === 'stale-record'
      }
      working.value = undefined
    }
    await nextTick()
    focusFirstError(form.value)
  }

  async function saved(current: Incident): Promise<Incident> {
    const changes = changesOf(draft.value, current)
    if (Object.keys(changes).length === 0) return current
    return api.entities.incident.update(id, changes, current.revision)
  }

  return {
    incident, phase, problem, reload, draft, errors, refused, stale, working, changed,
    save: () => work('save', 'incident.saved', saved),
    /** Saves what was changed first, so that what is submitted is what is on the screen. */
    move: (name: 'submit' | 'close') => work(name, `incident.${name}.done`, async (current) => {
      const now = await saved(current)
      incident.value = now
      return api.entities.incident.transition(id, name, now.revision)
    }),
  }
}
