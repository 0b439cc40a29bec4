"""The one client of the portal: transport, limits, batches, the portal map, files.

`map`, `estimate` and `file_kind` are pure and load no HTTP library, since a simulation must start fast;
import the module you need from here, nothing is re-exported.
"""
