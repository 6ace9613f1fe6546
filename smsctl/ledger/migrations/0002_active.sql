-- From here on a municipality with packages must be active to send. One that has sent already is.
INSERT INTO municipalities (municipality, state, since_day, by_whom)
SELECT municipality, 'active', MIN(day), 'upgrade' FROM entries
WHERE municipality NOT IN (SELECT municipality FROM municipalities)
GROUP BY municipality;
