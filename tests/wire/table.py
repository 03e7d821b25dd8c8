"""What each action does while a service fails: the table of docs/checkout.md, failure by failure.

    ok   it works
    ok~  it works; the cart says that its prices are not confirmed
    F    nothing happened: says so, names the service and the next step (exit 10)
    P    pending: says that it is not known yet, or that the order waits (exit 11 or 8); settled later

Nothing stale is shown yet, so what could be S is F. Where a write may have arrived nobody can say F honestly: that is
why most of what hangs or talks nonsense is P, also log-in and sign-up.
"""

ORDINARY = """
                users   products   carts   orders   payments   gateway
sign up         P       ok         ok      ok       ok         P
log in          P       ok         ok      ok       ok         P
browse          ok      F          ok      ok       ok         F
search          ok      F          ok      ok       ok         F
view cart       ok      ok~        F       ok       ok         F
add             ok      F          P       ok       ok         P
set quantity    ok      F          P       ok       ok         P
remove          ok      ok         P       ok       ok         P
clear           ok      ok         P       ok       ok         P
confirm         ok      ok~        F       ok       ok         F
place           ok      P          P       P        ok         P
pay             ok      ok         ok      P        P          P
list            ok      ok         ok      F        ok         F
show            ok      ok         ok      F        ok         F
cancel unpaid   ok      ok         ok      F        ok         F
cancel paid     ok      ok         ok      F        ok         F
"""
"""Nothing makes sense that is said, or nothing is said. Cancelling looks the order up first, which fails then."""

STOPPED = """
                users   products   carts   orders   payments   gateway
sign up         F       ok         ok      ok       ok         F
log in          F       ok         ok      ok       ok         F
browse          ok      F          ok      ok       ok         F
search          ok      F          ok      ok       ok         F
view cart       ok      ok~        F       ok       ok         F
add             ok      F          F       ok       ok         F
set quantity    ok      F          F       ok       ok         F
remove          ok      ok         F       ok       ok         F
clear           ok      ok         F       ok       ok         F
confirm         ok      ok~        F       ok       ok         F
place           ok      P          P       F        ok         F
pay             ok      ok         ok      P        P          P
list            ok      ok         ok      F        ok         F
show            ok      ok         ok      F        ok         F
cancel unpaid   ok      ok         ok      F        ok         F
cancel paid     ok      ok         ok      F        ok         F
"""
"""A refused connection proves that nothing was sent, so placing says at once that nothing was ordered."""

PATIENT = """
                users   products   carts   orders   payments   gateway
sign up         ok      ok         ok      ok       ok         ok
log in          ok      ok         ok      ok       ok         ok
browse          ok      ok         ok      ok       ok         ok
search          ok      ok         ok      ok       ok         ok
view cart       ok      ok         ok      ok       ok         ok
add             ok      ok         ok      ok       ok         ok
set quantity    ok      ok         ok      ok       ok         ok
remove          ok      ok         ok      ok       ok         ok
clear           ok      ok         ok      ok       ok         ok
confirm         ok      ok         ok      ok       ok         ok
place           ok      ok         ok      ok       ok         ok
pay             ok      ok         ok      ok       ok         ok
list            ok      ok         ok      ok       ok         ok
show            ok      ok         ok      ok       ok         ok
cancel unpaid   ok      ok         ok      ok       ok         ok
cancel paid     ok      ok         ok      ok       ok         ok
"""
"""It takes its time, within that of the action."""

# Another service waits for nobody who asks to come back later: it shows the prices that it knows.
CROWDED = PATIENT.replace("view cart       ok      ok ", "view cart       ok      ok~")

# What has no id is not repeated if it may have arrived; logging in once more harms nobody.
LOST = PATIENT.replace(
    "log in          ok      ok         ok      ok       ok         ok",
    "log in          P       ok         ok      ok       ok         P ",
)

TABLES = {
    "stopped": STOPPED,
    "hung": ORDINARY,
    "slow": PATIENT,
    "500": ORDINARY,
    "429": CROWDED,
    "garbage": ORDINARY,
    "request lost": LOST,
    "answer lost": LOST,
}
TARGETS = tuple(ORDINARY.split("\n")[1].split())


def expected(failure: str, way: str, target: str) -> str:
    """Look a cell up."""
    line = next(line for line in TABLES[failure].splitlines() if line.startswith(f"{way}  "))
    return line[len(way) :].split()[TARGETS.index(target)]
