"""The evaluation report: pure computation in the modules beside this one, rendering in `render`."""
