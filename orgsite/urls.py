"""All addresses: pages below `/admin/`, the REST API at the top."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from workspaces.api.error_answers import nowhere

admin.autodiscover()

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("", include("workspaces.api.urls")),
    # Last: a 404 as JSON in debug mode too, where Django would answer with a page that lists every address.
    re_path(r"^(?!admin(/|$)|static/)", nowhere),
]

handler400 = "workspaces.api.error_answers.bad_request"
handler404 = "workspaces.api.error_answers.not_found"
handler500 = "workspaces.api.error_answers.server_error"
