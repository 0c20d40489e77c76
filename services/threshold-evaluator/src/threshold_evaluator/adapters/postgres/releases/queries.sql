-- Writes of the release loop. Columns travel as one text each (see `split`).

-- name: send_due(in_inbox, alert_ids, kinds, due, deliveries, capped, mandatory, sent_as, send_before)!
-- Held alerts that go, themselves or in their summary.
update due_alerts d
set kinds = string_to_array(t.kinds, ','), due_at = t.due_at::timestamptz, wake_at = t.due_at::timestamptz,
    delivery = t.delivery, capped_at = nullif(t.capped_at, '')::timestamptz, in_inbox = :in_inbox::boolean,
    mandatory = t.mandatory::boolean, phase = 'published', sent_as = t.sent_as::uuid,
    send_before = t.send_before::timestamptz
from unnest(split(:alert_ids), split(:kinds), split(:due), split(:deliveries), split(:capped), split(:mandatory),
            split(:sent_as), split(:send_before))
    as t(alert_id, kinds, due_at, delivery, capped_at, mandatory, sent_as, send_before)
where d.alert_id = t.alert_id::uuid and d.phase = 'held';

-- name: settle(at, days, alert_ids, became, sent_as, gates)!
-- What became of decisions made earlier; all gates stood open then, and of what is withdrawn one does no more.
update decisions d
set became = t.became, became_at = :at, sent_as = t.sent_as::uuid, open_gates = t.gates::smallint,
    carriers = case when d.sent_as <> t.sent_as::uuid then d.carriers || d.sent_as else d.carriers end
from unnest(split(:days), split(:alert_ids), split(:became), split(:sent_as), split(:gates))
    as t(day, alert_id, became, sent_as, gates)
where d.day = t.day::date and d.alert_id = t.alert_id::uuid;
