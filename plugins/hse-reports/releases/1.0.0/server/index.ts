import plugin from '../plugin.ts'
import { checkedHours } from './exposure-hours.ts'
import { changedIncident, newIncident } from './incidents.ts'
import { ratesOf } from './rates-route.ts'

export default plugin.server({
  hooks: {
    incident: {
      beforeCreate: (input, context) => newIncident(input, context),
      beforeUpdate: ({ record, changes }, context) => changedIncident(record, changes, context),
    },
    exposureHours: {
      beforeCreate: (input, context) => checkedHours(input, context),
      beforeUpdate: ({ record, changes }, context) => checkedHours(changes, context, record),
    },
  },
  routes: {
    rates: ({ query }, context) => ratesOf(query, context),
  },
})
