"""Domain values to JSON values and back, once for AG-UI, remote agents and stores (contract agui §4, §5).

Two forms share one decoder style: the *wire* form is exactly what AG-UI's schemas name; the *stored* form adds the side
fields that only the domain knows (one-model §5), so that reading it back loses nothing.
"""
