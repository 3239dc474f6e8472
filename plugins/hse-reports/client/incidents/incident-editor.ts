import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import { useLoad } from '../shared/load.ts'
import { useHse, type Incident } from '../shared/module.ts'
import { useSaving } from '../shared/saving.ts'
import { changesOf, draftOf, requiredFields } from './draft.ts'

/** Reads one incident, holds its draft, saves changes and takes it through its states. */
export function useIncidentEditor(id: string, form: Readonly<Ref<HTMLFormElement | null>>) {
  const { api, t, watch: follow } = useHse()
  const { data: incident, phase, problem, reload } = useLoad(() => api.entities.incident.get(id))
  const saving = useSaving(form)
  const draft = ref(draftOf())
  const changes = computed(() => (incident.value ? changesOf(draft.value, incident.value) : {}))
  const changed = computed(() => Object.keys(changes.value).length > 0)

  watch(incident, (now) => {
    draft.value = draftOf(now)
    saving.reset()
  }, { immediate: true })

  // What somebody else changed is shown, unless that would take away what is being written.
  onScopeDispose(follow('incident', (change) => {
    if (saving.working.value || (change && change.revision <= (incident.value?.revision ?? 0))) return
    if (!changed.value) return void reload()
    saving.problem.value = t('form.staleText')
    saving.stale.value = true
  }, id))

  function send(kind: string, done: string, request: (current: Incident) => Promise<Incident>): Promise<void> {
    return saving.send({ kind, done, draft: draft.value, required: requiredFields, request: async () => {
      if (incident.value) incident.value = await request(incident.value)
    } })
  }

  const saved = async (current: Incident): Promise<Incident> => (changed.value ? api.entities.incident.update(id, changes.value, current.revision) : current)

  return {
    incident, phase, problem, reload, draft, changed, saving,
    save: () => send('save', 'incident.saved', saved),
    /** Saves what was changed first, so that what is submitted is what is on the screen. */
    move: (name: 'submit' | 'close') => send(name, `incident.${name}.done`, async (current) => {
      const now = await saved(current)
      incident.value = now
      return api.entities.incident.transition(id, name, now.revision)
    }),
  }
}
