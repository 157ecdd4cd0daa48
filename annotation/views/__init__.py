"""The pages of the loop, one module an activity: a view reads the request, calls one activity and renders."""
