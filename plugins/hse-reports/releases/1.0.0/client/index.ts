import { defineClient } from '@opsflux/sdk/client'
import type plugin from '../plugin.ts'

export default defineClient<typeof plugin>({
  setup({ addPage }) {
    addPage({ path: '/incidents', name: 'incidents', title: 'page.incidents', component: () => import('./incidents/incidents-page.vue') })
    addPage({ path: '/incidents/new', name: 'new-incident', title: 'page.newIncident', component: () => import('./incidents/new-incident-page.vue') })
    addPage({ path: '/incidents/:id', name: 'incident', title: 'page.incident', component: () => import('./incidents/incident-page.vue') })
    addPage({ path: '/rates', name: 'rates', title: 'page.rates', component: () => import('./rates/rates-page.vue') })
    addPage({ path: '/hours', name: 'hours', title: 'page.hours', component: () => import('./hours/hours-page.vue') })
  },
})
