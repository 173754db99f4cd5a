import Hummingbird
func f() -> Router<BasicRequestContext> { Router() }
