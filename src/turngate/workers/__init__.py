"""
Several processes that are one proxy: how they are kept, and how they talk.

Responsible for the workers of a proxy: which connection goes to whom, who is started again, what they are told.

Must not know: what a worker does with a connection, what the proxy is made of.
"""
